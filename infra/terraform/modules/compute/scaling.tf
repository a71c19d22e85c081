locals {
  scaled = {
    gateway = { service = aws_ecs_service.gateway.name, size = var.gateway }
    worker  = { service = aws_ecs_service.worker.name, size = var.worker }
  }
}

resource "aws_appautoscaling_target" "this" {
  for_each = local.scaled

  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${each.value.service}"
  min_capacity       = each.value.size.minimum
  max_capacity       = each.value.size.maximum
}

# Gateways by what keeps them busy. The one that wants more of them wins.

resource "aws_appautoscaling_policy" "cpu" {
  name               = "${var.name}-gateway-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this["gateway"].service_namespace
  scalable_dimension = aws_appautoscaling_target.this["gateway"].scalable_dimension
  resource_id        = aws_appautoscaling_target.this["gateway"].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.cpu_target
    scale_out_cooldown = 30
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

resource "aws_appautoscaling_policy" "requests" {
  name               = "${var.name}-gateway-requests"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this["gateway"].service_namespace
  scalable_dimension = aws_appautoscaling_target.this["gateway"].scalable_dimension
  resource_id        = aws_appautoscaling_target.this["gateway"].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.request_target
    scale_out_cooldown = 30
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = "ALBRequestCountPerTarget"
      resource_label         = "${var.balancer_suffix}/${var.target_group_suffix}"
    }
  }
}

# Workers by the backlog of the worst lane. A lane has one owner: more workers help where several lanes have a backlog,
# and never beyond PARTITIONS.

resource "aws_appautoscaling_policy" "backlog" {
  for_each = {
    # Orders above the alarm's 2,000 to workers more: a worker commits some thousands a second.
    more  = { steps = [{ from = 0, to = 18000, change = 1 }, { from = 18000, to = null, change = 3 }], pause = 60 }
    fewer = { steps = [{ from = null, to = 0, change = -1 }], pause = 300 }
  }

  name               = "${var.name}-worker-${each.key}"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.this["worker"].service_namespace
  scalable_dimension = aws_appautoscaling_target.this["worker"].scalable_dimension
  resource_id        = aws_appautoscaling_target.this["worker"].resource_id

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    metric_aggregation_type = "Maximum"
    cooldown                = each.value.pause

    dynamic "step_adjustment" {
      for_each = each.value.steps

      content {
        metric_interval_lower_bound = step_adjustment.value.from
        metric_interval_upper_bound = step_adjustment.value.to
        scaling_adjustment          = step_adjustment.value.change
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "backlog" {
  for_each = {
    more  = { comparison = "GreaterThanThreshold", threshold = 2000, minutes = 1 }
    fewer = { comparison = "LessThanThreshold", threshold = 100, minutes = 15 }
  }

  alarm_name          = "${var.name}-scale-worker-${each.key}"
  alarm_description   = "Scales workers by the backlog of the worst lane; wakes nobody."
  namespace           = local.namespace
  metric_name         = "onsale_lane_backlog"
  dimensions          = { deployment = var.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = each.value.minutes
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = "missing"
  alarm_actions       = [aws_appautoscaling_policy.backlog[each.key].arn]
}

# Sales that are known before.

locals {
  sale_actions = merge([
    for sale, plan in var.sales : {
      "${sale}-gateway-begins" = { service = "gateway", schedule = plan.begins, minimum = plan.gateways }
      "${sale}-gateway-ends"   = { service = "gateway", schedule = plan.ends, minimum = var.gateway.minimum }
      "${sale}-worker-begins"  = { service = "worker", schedule = plan.begins, minimum = plan.workers }
      "${sale}-worker-ends"    = { service = "worker", schedule = plan.ends, minimum = var.worker.minimum }
    }
  ]...)
}

resource "aws_appautoscaling_scheduled_action" "sale" {
  for_each = local.sale_actions

  name               = "${var.name}-${each.key}"
  service_namespace  = aws_appautoscaling_target.this[each.value.service].service_namespace
  scalable_dimension = aws_appautoscaling_target.this[each.value.service].scalable_dimension
  resource_id        = aws_appautoscaling_target.this[each.value.service].resource_id
  schedule           = each.value.schedule

  scalable_target_action {
    min_capacity = each.value.minimum
    max_capacity = max(each.value.minimum, local.scaled[each.value.service].size.maximum)
  }
}
