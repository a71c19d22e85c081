output "alarm_topic_arn" {
  description = "Where alarms go."
  value       = aws_sns_topic.alarms.arn
}

output "alarm_count" {
  description = "Alarms that tell somebody."
  value       = length(aws_cloudwatch_metric_alarm.this)
}
