# The collector beside each worker: reads its /metrics and writes those that alarms and scaling look at to a log group,
# from which CloudWatch makes metrics (its embedded metric format).

locals {
  namespace = "Onsale"

  # One dimension, the deployment: each lane's figure is a sample of the same metric, so `Maximum` is the worst lane's.
  figures = [
    "onsale_lane_backlog", "onsale_lane_owned", "onsale_drift", "onsale_outbox_oldest_seconds", "onsale_outbox_dead",
    "onsale_mails_oldest_seconds", "onsale_mails_dead", "onsale_intents_lost_total",
    "onsale_settlements_refused_total", "onsale_charges_unsettled", "onsale_charge_failures_total",
    "onsale_orders_confirmed_total", "onsale_orders_cancelled_total",
  ]

  collector = yamlencode({
    receivers = {
      prometheus = {
        config = {
          scrape_configs = [{
            job_name        = "worker"
            scrape_interval = "20s"
            static_configs = [{
              targets = ["127.0.0.1:${local.metrics_port}"]
              labels  = { deployment = var.name }
            }]
            metric_relabel_configs = [{
              source_labels = ["__name__"]
              regex         = join("|", local.figures)
              action        = "keep"
            }]
          }]
        }
      }
    }
    processors = { batch = { timeout = "10s" } }
    exporters = {
      awsemf = {
        namespace               = local.namespace
        region                  = local.region
        log_group_name          = aws_cloudwatch_log_group.this["metrics"].name
        log_stream_name         = "{TaskId}"
        dimension_rollup_option = "NoDimensionRollup"
        metric_declarations = [{
          dimensions            = [["deployment"]]
          metric_name_selectors = [for figure in local.figures : "^${figure}$"]
        }]
      }
    }
    service = {
      pipelines = {
        metrics = { receivers = ["prometheus"], processors = ["batch"], exporters = ["awsemf"] }
      }
    }
  })
}
