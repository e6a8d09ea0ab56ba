# What the operator puts in by hand, so that it is in no state file:
#   aws secretsmanager put-secret-value --secret-id NAME/rpc --secret-string '{"url": "https://…/v2/KEY"}'

resource "aws_secretsmanager_secret" "rpc" {
  name        = "${var.name}/rpc"
  description = "The RPC endpoint: {\"url\": …}"
  kms_key_id  = aws_kms_key.this.arn
  # A name can be used again at once where nothing is protected.
  recovery_window_in_days = var.deletion_protection ? 30 : 0
}
