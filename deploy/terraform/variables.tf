variable "name" {
  description = "What everything is called by: 3 to 20 lower-case letters, digits and hyphens."
  type        = string
  default     = "tidegauge"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "Write 3 to 20 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "region" {
  description = "The AWS region. RPC providers answer fastest from us-east-1 and eu-central-1."
  type        = string
  default     = "eu-west-1"
  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "Write it as eu-west-1."
  }
}

variable "replica_region" {
  description = "Another region, where the bucket's copy lies: snapshots outlive the loss of a region."
  type        = string
  default     = "eu-central-1"
  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.replica_region)) && var.replica_region != var.region
    error_message = "Write a region as eu-central-1, another one than var.region."
  }
}

variable "bucket" {
  description = "Name of the bucket of lake and snapshots; names are unique in the world. Its copy's ends in -replica."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,53}[a-z0-9]$", var.bucket))
    error_message = "Write 3 to 55 lower-case letters, digits and hyphens."
  }
}

variable "alert_email" {
  description = "Who is told by mail when something is wrong; AWS asks once for consent. Empty: nobody yet."
  type        = string
  default     = ""
}

variable "ami_id" {
  description = "Image of the machine; empty: the newest Debian 12 for its processor."
  type        = string
  default     = ""
}

variable "instance_type" {
  description = "The machine. t4g.medium (2 cores, 4 GiB) keeps up with Ethereum; c7g.xlarge for the first history."
  type        = string
  default     = "t4g.medium"
}

variable "architecture" {
  description = "Its processor: arm64 for types with a g, else x86_64."
  type        = string
  default     = "arm64"
  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "Write arm64 or x86_64."
  }
}

variable "data_volume_gib" {
  description = "The volume of the store; about 300 bytes a swap, 100 GiB for three years of Ethereum."
  type        = number
  default     = 100
  validation {
    condition     = var.data_volume_gib >= 20 && var.data_volume_gib <= 16384
    error_message = "Write 20 to 16384."
  }
}

variable "program_key" {
  description = "Key of the program's archive in the bucket: a .tar.gz with tidegauge/tidegauge and tidegauge/deploy/systemd/."
  type        = string
  default     = "releases/tidegauge.tar.gz"
}

variable "chain_start" {
  description = "Where a new store begins: a block, a day, an age, or factory."
  type        = string
  default     = "30d"
}

variable "database_instance_class" {
  description = "The database's machine. db.t4g.medium is a third of the price and enough for one reader."
  type        = string
  default     = "db.r6g.large"
}

variable "database_gib" {
  description = "The database's disk at first, and up to where it grows by itself."
  type        = object({ first = number, most = number })
  default     = { first = 100, most = 1000 }
  validation {
    condition     = var.database_gib.first >= 20 && var.database_gib.most > var.database_gib.first && var.database_gib.most <= 65536
    error_message = "Write first >= 20 and most above it."
  }
}

variable "database_multi_az" {
  description = "Whether a second machine stands by in another zone, for twice the price. The mirror can be made anew from the store, so by default not."
  type        = bool
  default     = false
}

variable "readers_cidr" {
  description = "Addresses within the VPC or of peers from which people read the database and the API, e.g. [\"10.20.0.0/16\"]; none: only the collector."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for cidr in var.readers_cidr : can(cidrhost(cidr, 0)) && cidr != "0.0.0.0/0"])
    error_message = "Write networks such as 10.20.0.0/16, and not the whole internet."
  }
}

variable "log_days" {
  description = "Days for which the machine's journal is kept in CloudWatch Logs."
  type        = number
  default     = 30
}

variable "deletion_protection" {
  description = "Whether database, bucket and volume refuse to be destroyed."
  type        = bool
  default     = true
}
