data "aws_ami" "debian" {
  count       = var.ami_id == "" ? 1 : 0
  most_recent = true
  # Debian's own account.
  owners = ["136693071363"]
  filter {
    name   = "name"
    values = ["debian-12-${var.architecture == "arm64" ? "arm64" : "amd64"}-*"]
  }
}

resource "aws_instance" "collector" {
  ami                         = var.ami_id == "" ? data.aws_ami.debian[0].id : var.ami_id
  instance_type               = var.instance_type
  subnet_id                   = aws_subnet.collector.id
  associate_public_ip_address = true
  vpc_security_group_ids      = [aws_security_group.collector.id]
  iam_instance_profile        = aws_iam_instance_profile.collector.name
  disable_api_termination     = var.deletion_protection
  user_data_replace_on_change = false

  # Credentials of the role only for who can send a PUT from the machine itself.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  maintenance_options {
    auto_recovery = "default"
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = 16
    encrypted   = true
    kms_key_id  = aws_kms_key.this.arn
  }

  user_data = templatefile("${path.module}/machine.sh.tftpl", {
    region    = var.region
    bucket    = aws_s3_bucket.this.bucket
    program   = var.program_key
    volume    = aws_ebs_volume.store.id
    journal   = aws_cloudwatch_log_group.journal.name
    topic_arn = aws_sns_topic.alerts.arn
    config = templatefile("${path.module}/config.toml.tftpl", {
      region      = var.region
      bucket      = aws_s3_bucket.this.bucket
      rpc_secret  = aws_secretsmanager_secret.rpc.name
      chain_start = var.chain_start
      database    = aws_db_instance.this.address
      topic_arn   = aws_sns_topic.alerts.arn
      namespace   = local.namespace
    })
  })

  tags = { Name = "${var.name}-collector" }

  lifecycle {
    # A newer image is no reason to replace a machine that runs.
    ignore_changes = [ami, user_data]
  }
}

# The store survives the machine: it is no part of it.
resource "aws_ebs_volume" "store" {
  availability_zone = aws_subnet.collector.availability_zone
  type              = "gp3"
  size              = var.data_volume_gib
  encrypted         = true
  kms_key_id        = aws_kms_key.this.arn
  final_snapshot    = var.deletion_protection
  tags              = { Name = "${var.name}-store" }
}

resource "aws_volume_attachment" "store" {
  device_name = "/dev/sdf"
  volume_id   = aws_ebs_volume.store.id
  instance_id = aws_instance.collector.id
  # The collector closes its store before the volume goes.
  stop_instance_before_detaching = true
}

resource "aws_cloudwatch_log_group" "journal" {
  name              = "/${var.name}/journal"
  retention_in_days = var.log_days
}
