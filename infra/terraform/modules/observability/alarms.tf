# Alarms that a person should look at. What to do about each, its description says, and the runbook that it names.

locals {
  balancer = { LoadBalancer = var.balancer_suffix }
  targets  = { LoadBalancer = var.balancer_suffix, TargetGroup = var.target_group_suffix }
  primary  = { DBInstanceIdentifier = var.database.id }
  worker   = { deployment = var.name }
  gigabyte = 1024 * 1024 * 1024

  # namespace, metric, dimensions, statistic, comparison with the threshold, minutes in a row; what no data means.
  alarms = merge(
    {
      gateway-errors = {
        of         = ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count"]
        dimensions = local.targets
        statistic  = "Sum"
        above      = 50
        minutes    = 3
        what       = "Gateways answer 5xx. A full lane and a Redis that is away do so, too: see /readyz and the logs."
        runbook    = "OnsaleErrorRatio"
      }
      balancer-errors = {
        of         = ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count"]
        dimensions = local.balancer
        statistic  = "Sum"
        above      = 50
        minutes    = 3
        what       = "The load balancer itself answers 5xx: no gateway is there, or none answers in time."
        runbook    = "OnsaleNoGateway"
      }
      gateway-none = {
        of         = ["AWS/ApplicationELB", "HealthyHostCount"]
        dimensions = local.targets
        statistic  = "Maximum"
        below      = 1
        minutes    = 2
        missing    = "breaching"
        what       = "No gateway is there: nobody can buy."
        runbook    = "OnsaleNoGateway"
      }
      gateway-unhealthy = {
        of         = ["AWS/ApplicationELB", "UnHealthyHostCount"]
        dimensions = local.targets
        statistic  = "Maximum"
        above      = 0
        minutes    = 5
        what       = "A gateway does not answer /healthz: see its log; ECS replaces it."
        runbook    = "OnsaleInstanceDown"
      }
      # Long polls of up to 20 s are the slowest requests, and wanted: what is slower hangs.
      gateway-slow = {
        of         = ["AWS/ApplicationELB", "TargetResponseTime"]
        dimensions = local.targets
        statistic  = "p99"
        above      = 22
        minutes    = 3
        what       = "Requests take longer than a long poll may: gateways wait for Redis or Postgres."
      }
      gateway-cpu = {
        of         = ["AWS/ECS", "CPUUtilization"]
        dimensions = { ClusterName = var.cluster, ServiceName = "gateway" }
        statistic  = "Average"
        above      = 85
        minutes    = 5
        what       = "Gateways are busy though as many run as may: raise gateway.maximum."
      }
      worker-backlog = {
        of         = [var.namespace, "onsale_lane_backlog"]
        dimensions = local.worker
        statistic  = "Maximum"
        above      = 50000
        minutes    = 5
        what       = "A lane has fallen behind: see the workers' logs, Postgres' load, and the payment provider."
        runbook    = "OnsaleBacklogHigh"
      }
      worker-silent = {
        of         = [var.namespace, "onsale_lane_owned"]
        dimensions = local.worker
        statistic  = "SampleCount"
        below      = 1
        minutes    = 5
        missing    = "breaching"
        what       = "No worker tells anything: none runs, or their collectors do not."
        runbook    = "OnsaleNoWorker"
      }
      intents-lost = {
        of         = [var.namespace, "onsale_intents_lost_total"]
        dimensions = local.worker
        statistic  = "Sum"
        above      = 0
        minutes    = 1
        what       = "Redis has lost accepted orders: buyers' receipts put them back. See /readyz for its settings."
        runbook    = "OnsaleIntentsLost"
      }
      payments-failing = {
        of         = [var.namespace, "onsale_charge_failures_total"]
        dimensions = local.worker
        statistic  = "Sum"
        above      = 60
        minutes    = 5
        what       = "Attempts at payments fail: see the provider's status. They are tried again until their holds end."
        runbook    = "OnsalePaymentsFailing"
      }
      settlements-refused = {
        of         = [var.namespace, "onsale_settlements_refused_total"]
        dimensions = local.worker
        statistic  = "Sum"
        above      = 0
        minutes    = 1
        what       = "Postgres has refused to settle orders: see the workers' logs."
        runbook    = "OnsaleSettlementsRefused"
      }
      charges-unsettled = {
        of         = [var.namespace, "onsale_charges_unsettled"]
        dimensions = local.worker
        statistic  = "Maximum"
        above      = 0
        minutes    = 5
        what       = "Money was taken that ends in neither tickets nor a refund: onsale reconcile."
        runbook    = "OnsaleChargesUnsettled"
      }
      outbox-dead = {
        of         = [var.namespace, "onsale_outbox_dead"]
        dimensions = local.worker
        statistic  = "Maximum"
        above      = 0
        minutes    = 5
        what       = "A message was given up on: onsale outbox --dead."
        runbook    = "OnsaleOutboxDead"
      }
      outbox-old = {
        of         = [var.namespace, "onsale_outbox_oldest_seconds"]
        dimensions = local.worker
        statistic  = "Maximum"
        above      = 900
        minutes    = 5
        what       = "A message waits for a quarter of an hour: Redis or the payment provider is away."
        runbook    = "OnsaleOutboxLate"
      }
      mails-dead = {
        of         = [var.namespace, "onsale_mails_dead"]
        dimensions = local.worker
        statistic  = "Maximum"
        above      = 0
        minutes    = 5
        what       = "A mail was given up on: onsale mails --dead."
        runbook    = "OnsaleMailsDead"
      }
      drift = {
        of         = [var.namespace, "onsale_drift"]
        dimensions = local.worker
        statistic  = "Maximum"
        above      = 0
        minutes    = 15
        what       = "Redis and Postgres differ, and repairing does not help: onsale reconcile."
        runbook    = "OnsaleDrift"
      }
      database-cpu = {
        of         = ["AWS/RDS", "CPUUtilization"]
        dimensions = local.primary
        statistic  = "Average"
        above      = 85
        minutes    = 5
        what       = "Postgres is busy: see Performance Insights, or take a larger class before the next sale."
      }
      database-storage = {
        of         = ["AWS/RDS", "FreeStorageSpace"]
        dimensions = local.primary
        statistic  = "Minimum"
        below      = var.database.storage * local.gigabyte / 10
        minutes    = 5
        what       = "A tenth of Postgres' storage is left and it has not grown: raise database.maximum_storage."
      }
      database-memory = {
        of         = ["AWS/RDS", "FreeableMemory"]
        dimensions = local.primary
        statistic  = "Minimum"
        below      = local.gigabyte / 5
        minutes    = 5
        what       = "Postgres has 200 MB left: take a larger class."
      }
    },
    var.database.replica_id == null ? {} : {
      replica-lag = {
        of         = ["AWS/RDS", "ReplicaLag"]
        dimensions = { DBInstanceIdentifier = var.database.replica_id }
        statistic  = "Maximum"
        above      = 60
        minutes    = 5
        what       = "Lists and reports are older than a minute."
      }
    },
    merge([
      for index in range(var.redis_node_count) : {
        "redis-memory-${index}" = {
          of         = ["AWS/ElastiCache", "DatabaseMemoryUsagePercentage"]
          dimensions = { CacheClusterId = var.redis_nodes[index] }
          statistic  = "Maximum"
          above      = 75
          minutes    = 3
          what       = "A Redis is nearly full and will refuse orders: take a larger node_type."
        }
        "redis-cpu-${index}" = {
          of         = ["AWS/ElastiCache", "EngineCPUUtilization"]
          dimensions = { CacheClusterId = var.redis_nodes[index] }
          statistic  = "Average"
          above      = 80
          minutes    = 3
          what       = "A Redis' one thread is busy: a faster node_type, or more primaries for more events at once."
        }
      }
    ]...),
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.what}${can(each.value.runbook) ? " docs/runbooks/${each.value.runbook}.md" : ""}"
  namespace           = each.value.of[0]
  metric_name         = each.value.of[1]
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic == "p99" ? null : each.value.statistic
  extended_statistic  = each.value.statistic == "p99" ? "p99" : null
  period              = 60
  evaluation_periods  = each.value.minutes
  comparison_operator = can(each.value.below) ? "LessThanThreshold" : "GreaterThanThreshold"
  threshold           = try(each.value.below, each.value.above)
  treat_missing_data  = try(each.value.missing, "notBreaching")
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# Every worker tells of every lane, 1 for one that it has and 0 else. The average times the workers is 1 when each lane has
# its owner, and lower by a lane's share for each that has none.
resource "aws_cloudwatch_metric_alarm" "lane_unowned" {
  alarm_name          = "${var.name}-lane-unowned"
  alarm_description   = "No worker has one of the lanes: its orders wait. docs/runbooks/OnsaleLaneUnowned.md"
  evaluation_periods  = 5
  comparison_operator = "LessThanThreshold"
  threshold           = 1 - 0.5 / var.partitions
  # Without workers worker-silent tells.
  treat_missing_data = "notBreaching"
  alarm_actions      = [aws_sns_topic.alarms.arn]
  ok_actions         = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "owners"
    label       = "Owners of a lane"
    expression  = "owned * workers"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = {
      owned = {
        of         = [var.namespace, "onsale_lane_owned"]
        dimensions = local.worker
      }
      workers = {
        of         = ["ECS/ContainerInsights", "RunningTaskCount"]
        dimensions = { ClusterName = var.cluster, ServiceName = "worker" }
      }
    }

    content {
      id          = metric_query.key
      return_data = false

      metric {
        namespace   = metric_query.value.of[0]
        metric_name = metric_query.value.of[1]
        dimensions  = metric_query.value.dimensions
        period      = 60
        stat        = "Average"
      }
    }
  }
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [
      for index, widget in [
        { title = "Requests and errors", metrics = [
          ["AWS/ApplicationELB", "RequestCount", "LoadBalancer", var.balancer_suffix, { stat = "Sum" }],
          [".", "HTTPCode_Target_4XX_Count", ".", ".", { stat = "Sum" }],
          [".", "HTTPCode_Target_5XX_Count", ".", ".", { stat = "Sum" }],
        ] },
        { title = "Backlog of the worst lane", metrics = [
          [var.namespace, "onsale_lane_backlog", "deployment", var.name, { stat = "Maximum" }],
        ] },
        { title = "Gateways and workers: CPU", metrics = [
          ["AWS/ECS", "CPUUtilization", "ClusterName", var.cluster, "ServiceName", "gateway"],
          [".", ".", ".", ".", ".", "worker"],
        ] },
        { title = "Postgres: CPU and connections", metrics = [
          ["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", var.database.id],
          [".", "DatabaseConnections", ".", ".", { yAxis = "right" }],
        ] },
      ] :
      {
        type = "metric", width = 12, height = 6, x = index % 2 * 12, y = floor(index / 2) * 6
        properties = {
          title = widget.title, metrics = widget.metrics, region = local.region, period = 60, view = "timeSeries"
        }
      }
    ]
  })
}
