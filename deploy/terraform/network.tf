# The collector needs to reach its RPC endpoint and AWS, and nobody needs to reach it. A NAT gateway
# would cost about 35 dollars a month and 4.5 cents a GB; a public address costs 3.60, and with no rule
# that lets anything in, it is as closed. The database has no way out at all.

resource "aws_vpc" "this" {
  cidr_block           = "10.20.0.0/16"
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = var.name }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = var.name }
}

resource "aws_subnet" "collector" {
  vpc_id            = aws_vpc.this.id
  cidr_block        = "10.20.0.0/24"
  availability_zone = data.aws_availability_zones.here.names[0]
  tags              = { Name = "${var.name}-collector" }
}

resource "aws_subnet" "database" {
  count             = 2
  vpc_id            = aws_vpc.this.id
  cidr_block        = "10.20.${10 + count.index}.0/24"
  availability_zone = data.aws_availability_zones.here.names[count.index]
  tags              = { Name = "${var.name}-database-${count.index}" }
}

resource "aws_route_table" "collector" {
  vpc_id = aws_vpc.this.id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this.id
  }
  tags = { Name = "${var.name}-collector" }
}

resource "aws_route_table_association" "collector" {
  subnet_id      = aws_subnet.collector.id
  route_table_id = aws_route_table.collector.id
}

resource "aws_route_table" "database" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-database" }
}

resource "aws_route_table_association" "database" {
  count          = 2
  subnet_id      = aws_subnet.database[count.index].id
  route_table_id = aws_route_table.database.id
}

# Lake and snapshots go to S3 within AWS: free, and not over the internet.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.collector.id]
  tags              = { Name = "${var.name}-s3" }
}

resource "aws_security_group" "collector" {
  name_prefix = "${var.name}-collector-"
  description = "The collector: out by TLS and to the database, in from nowhere but readers"
  vpc_id      = aws_vpc.this.id
  lifecycle {
    create_before_destroy = true
  }
}

# RPC, S3, SNS, CloudWatch, Secrets Manager, Session Manager, packages: all of them speak TLS.
resource "aws_vpc_security_group_egress_rule" "tls" {
  security_group_id = aws_security_group.collector.id
  description       = "TLS"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "database" {
  security_group_id            = aws_security_group.collector.id
  description                  = "Postgres"
  referenced_security_group_id = aws_security_group.database.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

# The API, by a proxy that speaks TLS on the machine.
resource "aws_vpc_security_group_ingress_rule" "readers" {
  for_each          = toset(var.readers_cidr)
  security_group_id = aws_security_group.collector.id
  description       = "Readers of the API"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_security_group" "database" {
  name_prefix = "${var.name}-database-"
  description = "The database: in from the collector and from readers, out to nowhere"
  vpc_id      = aws_vpc.this.id
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "collector_to_database" {
  security_group_id            = aws_security_group.database.id
  description                  = "The collector"
  referenced_security_group_id = aws_security_group.collector.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_vpc_security_group_ingress_rule" "readers_to_database" {
  for_each          = toset(var.readers_cidr)
  security_group_id = aws_security_group.database.id
  description       = "Readers of the database"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 5432
  to_port           = 5432
}
