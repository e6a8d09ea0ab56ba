locals {
  namespace = "Tidegauge/${var.name}"
  # Each: the metric, its dimensions, how it is read, and what it means. The collector tells of more by
  # itself; these see from outside what it cannot tell when it is gone.
  alarms = {
    heartbeat = {
      metric      = "tidegauge_heartbeat", dimensions = {}, statistic = "SampleCount",
      comparison  = "LessThanThreshold", threshold = 1, period = 300, periods = 1, missing = "breaching",
      description = "The collector, its machine or its network is gone"
    }
    day_missing = {
      metric      = "tidegauge_day_complete", dimensions = {}, statistic = "Minimum",
      comparison  = "LessThanThreshold", threshold = 1, period = 300, periods = 6, missing = "notBreaching",
      description = "The last day whose job ended is not complete"
    }
    daily_success = {
      metric      = "tidegauge_daily_success_ratio", dimensions = {}, statistic = "Minimum",
      comparison  = "LessThanThreshold", threshold = 0.995, period = 3600, periods = 1, missing = "notBreaching",
      description = "Fewer than 99.5 % of the last 30 days are complete"
    }
    lag = {
      metric      = "tidegauge_lag_seconds", dimensions = {}, statistic = "Minimum",
      comparison  = "GreaterThanThreshold", threshold = 900, period = 300, periods = 2, missing = "notBreaching",
      description = "The tip is a quarter of an hour late"
    }
    postgres_lag = {
      metric      = "tidegauge_mirror_lag_seconds", dimensions = { mirror = "postgres" }, statistic = "Minimum",
      comparison  = "GreaterThanThreshold", threshold = 1800, period = 300, periods = 2, missing = "notBreaching",
      description = "Postgres is half an hour behind the store"
    }
    s3_lag = {
      metric      = "tidegauge_mirror_lag_seconds", dimensions = { mirror = "s3" }, statistic = "Minimum",
      comparison  = "GreaterThanThreshold", threshold = 1800, period = 300, periods = 2, missing = "notBreaching",
      description = "The lake is half an hour behind the store"
    }
    rpc_success = {
      metric      = "tidegauge_rpc_success_ratio", dimensions = {}, statistic = "Maximum",
      comparison  = "LessThanThreshold", threshold = 0.995, period = 300, periods = 3, missing = "notBreaching",
      description = "Fewer than 99.5 % of the questions to the RPC endpoint are answered"
    }
    disk = {
      metric      = "tidegauge_disk_free_ratio", dimensions = {}, statistic = "Minimum",
      comparison  = "LessThanThreshold", threshold = 0.1, period = 300, periods = 1, missing = "notBreaching",
      description = "Less than a tenth of the store's volume is free"
    }
    alerts_waiting = {
      metric      = "tidegauge_alerts_waiting", dimensions = { sink = "oncall" }, statistic = "Minimum",
      comparison  = "GreaterThanThreshold", threshold = 0, period = 300, periods = 2, missing = "notBreaching",
      description = "Alerts do not get out of the collector"
    }
  }
}

resource "aws_sns_topic" "alerts" {
  name              = var.name
  kms_master_key_id = aws_kms_key.this.key_id
  # SHA-256: the collector takes no other signature.
  signature_version = 2
}

resource "aws_sns_topic_subscription" "mail" {
  count     = var.alert_email == "" ? 0 : 1
  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = var.alert_email
}

resource "aws_cloudwatch_metric_alarm" "collector" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${replace(each.key, "_", "-")}"
  alarm_description   = "${each.value.description}: docs/runbook.md"
  namespace           = local.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

resource "aws_cloudwatch_metric_alarm" "database_connections" {
  alarm_name          = "${var.name}-database-connections"
  alarm_description   = "More connections than the collector and a few readers make"
  namespace           = "AWS/RDS"
  metric_name         = "DatabaseConnections"
  dimensions          = { DBInstanceIdentifier = aws_db_instance.this.identifier }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 200
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "missing"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

resource "aws_cloudwatch_metric_alarm" "database_disk" {
  alarm_name          = "${var.name}-database-disk"
  alarm_description   = "Less than 10 GiB free, although the disk grows by itself: has it reached its limit?"
  namespace           = "AWS/RDS"
  metric_name         = "FreeStorageSpace"
  dimensions          = { DBInstanceIdentifier = aws_db_instance.this.identifier }
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = 10 * 1024 * 1024 * 1024
  period              = 300
  evaluation_periods  = 2
  treat_missing_data  = "missing"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

# Hardware that fails: AWS moves the machine, with its volumes, to another.
resource "aws_cloudwatch_metric_alarm" "machine" {
  alarm_name          = "${var.name}-machine"
  alarm_description   = "The machine's hardware fails; it is moved"
  namespace           = "AWS/EC2"
  metric_name         = "StatusCheckFailed_System"
  dimensions          = { InstanceId = aws_instance.collector.id }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 2
  treat_missing_data  = "missing"
  alarm_actions       = ["${local.arn}:automate:${var.region}:ec2:recover", aws_sns_topic.alerts.arn]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type       = "alarm", x = 0, y = 0, width = 24, height = 3,
        properties = { title = "Alarms", alarms = [for alarm in aws_cloudwatch_metric_alarm.collector : alarm.arn] }
      }],
      [for at, graph in [
        { title = "How late the tip is, seconds", metrics = [["tidegauge_lag_seconds"]] },
        { title = "How far behind mirrors are, seconds", metrics = [["tidegauge_mirror_lag_seconds", "mirror", "postgres"], ["tidegauge_mirror_lag_seconds", "mirror", "s3"]] },
        { title = "Complete days, share of the last 30", metrics = [["tidegauge_daily_success_ratio"]] },
        { title = "RPC questions answered, share", metrics = [["tidegauge_rpc_success_ratio"]] },
        { title = "Free share of the store's volume", metrics = [["tidegauge_disk_free_ratio"]] },
        { title = "Troubles", metrics = [["tidegauge_troubles", "severity", "page"], ["tidegauge_troubles", "severity", "warn"]] },
        ] : {
        type = "metric", x = (at % 3) * 8, y = 3 + floor(at / 3) * 6, width = 8, height = 6,
        properties = {
          title   = graph.title
          region  = var.region
          stat    = "Maximum"
          period  = 300
          metrics = [for line in graph.metrics : concat([local.namespace], line)]
        }
      }]
    )
  })
}
