# The firewall stands at CloudFront, which sees each client's own address. At the load balancer every client would have
# CloudFront's.

locals {
  # Rates by where a request goes; null is anywhere.
  rates = {
    all      = { priority = 10, limit = var.rates.all, path = null }
    accounts = { priority = 11, limit = var.rates.accounts, path = "/api/auth/" }
    purchase = { priority = 12, limit = var.rates.purchase, path = "/api/tickets/purchase" }
  }

  # Sets of rules that AWS maintains. Bodies of events and webhooks have up to 64 and 256 KB, of which this rule
  # would refuse those above 8; the gateway has its own limits.
  managed = {
    AWSManagedRulesAmazonIpReputationList = { priority = 20, counted = [] }
    AWSManagedRulesKnownBadInputsRuleSet  = { priority = 21, counted = [] }
    AWSManagedRulesCommonRuleSet          = { priority = 22, counted = ["SizeRestrictions_BODY"] }
  }
}

resource "aws_wafv2_web_acl" "this" {
  provider = aws.us_east_1

  name        = var.name
  description = "What may come to ${var.domain}"
  scope       = "CLOUDFRONT"

  default_action {
    allow {}
  }

  # The same problem documents as the API's own 429.
  custom_response_body {
    key          = "rate-limited"
    content_type = "APPLICATION_JSON"
    content = jsonencode({
      type   = "about:blank", title = "Too many requests", status = 429, code = "rate_limited",
      detail = "Too many requests came from this address within five minutes."
    })
  }

  dynamic "rule" {
    for_each = local.rates

    content {
      name     = "rate-${rule.key}"
      priority = rule.value.priority

      action {
        block {
          custom_response {
            response_code            = 429
            custom_response_body_key = "rate-limited"

            response_header {
              name  = "Retry-After"
              value = "60"
            }
          }
        }
      }

      statement {
        rate_based_statement {
          aggregate_key_type    = "IP"
          limit                 = rule.value.limit
          evaluation_window_sec = 300

          dynamic "scope_down_statement" {
            for_each = rule.value.path[*]

            content {
              byte_match_statement {
                positional_constraint = "STARTS_WITH"
                search_string         = scope_down_statement.value

                field_to_match {
                  uri_path {}
                }

                text_transformation {
                  priority = 0
                  type     = "NORMALIZE_PATH"
                }
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${var.name}-rate-${rule.key}"
        sampled_requests_enabled   = true
      }
    }
  }

  dynamic "rule" {
    for_each = local.managed

    content {
      name     = rule.key
      priority = rule.value.priority

      override_action {
        none {}
      }

      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.key

          dynamic "rule_action_override" {
            for_each = rule.value.counted

            content {
              name = rule_action_override.value

              action_to_use {
                count {}
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${var.name}-${rule.key}"
        sampled_requests_enabled   = true
      }
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = var.name
    sampled_requests_enabled   = true
  }
}
