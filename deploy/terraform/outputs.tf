output "instance_id" {
  description = "The machine: aws ssm start-session --target ID"
  value       = aws_instance.collector.id
}

output "bucket" {
  description = "Lake, snapshots and archives of the program."
  value       = aws_s3_bucket.this.bucket
}

output "database_address" {
  description = "The database, within the VPC."
  value       = aws_db_instance.this.address
}

output "database_admin_secret" {
  description = "Where RDS keeps the administrator's password."
  value       = one(aws_db_instance.this.master_user_secret[*].secret_arn)
}

output "rpc_secret" {
  description = "Where the RPC endpoint's URL is to be put."
  value       = aws_secretsmanager_secret.rpc.name
}

output "alert_topic" {
  description = "What alarms and alerts are published to."
  value       = aws_sns_topic.alerts.arn
}

output "collector_policy" {
  description = "What the machine may do, as JSON."
  value       = data.aws_iam_policy_document.collector.json
}
