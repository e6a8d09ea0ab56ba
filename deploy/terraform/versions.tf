terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region = var.region
  default_tags {
    tags = { Project = var.name }
  }
}

# Where the bucket's copy lies.
provider "aws" {
  alias  = "replica"
  region = var.replica_region
  default_tags {
    tags = { Project = var.name }
  }
}

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

data "aws_availability_zones" "here" {
  state = "available"
}

locals {
  account = data.aws_caller_identity.this.account_id
  arn     = "arn:${data.aws_partition.this.partition}"
}
