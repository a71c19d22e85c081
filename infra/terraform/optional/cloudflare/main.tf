# Cloudflare before the load balancer, in place of CloudFront for the API. Kept apart: it is checked for its format
# alone, since its provider is not at hand where Onsale is tested. README.md of infra/terraform says how it is used.

terraform {
  required_version = ">= 1.11"

  required_providers {
    cloudflare = {
      source  = "cloudflare/cloudflare"
      version = "~> 4.40"
    }
  }
}

variable "zone_id" {
  description = "Cloudflare's zone of the domain."
  type        = string
}

variable "api_domain" {
  description = "Name of the API, such as api.tickets.example.org. Cloudflare proxies it."
  type        = string
}

variable "origin" {
  description = "The load balancer's name: output `origin` of the environment."
  type        = string
}

variable "purchases" {
  description = "Purchases that one address may make within ten seconds."
  type        = number
  default     = 50
}

data "cloudflare_ip_ranges" "this" {}

resource "cloudflare_record" "api" {
  zone_id = var.zone_id
  name    = var.api_domain
  type    = "CNAME"
  content = var.origin
  proxied = true
}

# The load balancer's certificate is of its own name, so Cloudflare asks for that one.
resource "cloudflare_ruleset" "origin" {
  zone_id = var.zone_id
  name    = "Onsale: origin"
  kind    = "zone"
  phase   = "http_request_origin"

  rules {
    description = "Ask the load balancer by its name"
    expression  = "(http.host eq \"${var.api_domain}\")"
    action      = "route"

    action_parameters {
      host_header = var.origin

      sni {
        value = var.origin
      }
    }
  }
}

resource "cloudflare_ruleset" "rates" {
  zone_id = var.zone_id
  name    = "Onsale: rates"
  kind    = "zone"
  phase   = "http_ratelimit"

  rules {
    description = "Purchases of one address"
    expression  = "(http.host eq \"${var.api_domain}\" and http.request.uri.path eq \"/api/tickets/purchase\")"
    action      = "block"

    ratelimit {
      characteristics     = ["ip.src", "cf.colo.id"]
      period              = 10
      requests_per_period = var.purchases
      mitigation_timeout  = 10
    }
  }
}

output "proxy_cidrs" {
  description = "Cloudflare's networks, for `proxy_cidrs` of the environment."
  value       = data.cloudflare_ip_ranges.this.ipv4_cidr_blocks
}
