# CloudFront: the web app and the API under one name, so that pages and API are of one origin; images under another.

locals {
  api_paths = ["/api/*", "/docs", "/docs/*", "/openapi.yaml"]

  # Policies that AWS maintains, by the ids that its documentation gives.
  cache_nothing     = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad" # CachingDisabled
  cache_as_told     = "658327ea-f89d-4fab-a63d-7e88639e58f6" # CachingOptimized
  forward_all       = "216adef6-5c7f-47e4-b989-5492eafa07d3" # AllViewer
  security_headers  = "67f7725c-6f97-4210-82d7-5512b31e9d03" # SecurityHeadersPolicy
  minimum_tls       = "TLSv1.2_2021"
  certificate_arn   = aws_acm_certificate_validation.world.certificate_arn
  distributions     = { web = aws_cloudfront_distribution.web, images = aws_cloudfront_distribution.images }
  distribution_name = { web = var.domain, images = local.images }
  # An emulator says of every distribution that it forwards values, and that its certificate is CloudFront's own.
  forwarded = var.emulated ? [1] : []
}

resource "aws_cloudfront_origin_access_control" "this" {
  name                              = var.name
  description                       = "CloudFront signs what it asks of the buckets"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

# Paths of the web app that are no files are its own routes: index.html shows them.
resource "aws_cloudfront_function" "routes" {
  count = var.emulated ? 0 : 1

  name    = "${var.name}-routes"
  comment = "Routes of the web app"
  runtime = "cloudfront-js-2.0"
  code    = file("${path.module}/routes.js")
}

# The page out of the bucket has the policy that a gateway's page has (WebApp.swift; scripts/check-infra compares them),
# with this deployment's images and where they are uploaded to.
locals {
  page_policy = join("; ", [
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob: https://${local.images}",
    "connect-src 'self' https://${var.buckets["images"].address}", "media-src 'self' blob:", "manifest-src 'self'",
    "worker-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
  ])
}

resource "aws_cloudfront_response_headers_policy" "page" {
  count = var.emulated ? 0 : 1

  name    = "${var.name}-page"
  comment = "Headers of the web app"

  security_headers_config {
    content_security_policy {
      content_security_policy = local.page_policy
      override                = true
    }

    content_type_options {
      override = true
    }

    referrer_policy {
      referrer_policy = "no-referrer"
      override        = true
    }

    strict_transport_security {
      access_control_max_age_sec = 31536000
      override                   = true
    }
  }

  custom_headers_config {
    items {
      header   = "Permissions-Policy"
      value    = "camera=(self), microphone=(), geolocation=()"
      override = true
    }

    items {
      header   = "Cross-Origin-Opener-Policy"
      value    = "same-origin"
      override = true
    }
  }
}

resource "aws_cloudfront_distribution" "web" {
  comment             = "${var.name}: web app and API"
  enabled             = true
  is_ipv6_enabled     = true
  http_version        = "http2and3"
  price_class         = "PriceClass_All"
  aliases             = [var.domain]
  default_root_object = "index.html"
  web_acl_id          = aws_wafv2_web_acl.this.arn

  origin {
    origin_id                = "web"
    domain_name              = var.buckets["web"].address
    origin_access_control_id = var.emulated ? null : aws_cloudfront_origin_access_control.this.id
  }

  origin {
    origin_id   = "api"
    domain_name = local.origin

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
      # Seconds: a long poll takes 20.
      origin_read_timeout      = 30
      origin_keepalive_timeout = 50
    }
  }

  default_cache_behavior {
    target_origin_id           = "web"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = local.cache_as_told
    response_headers_policy_id = one(aws_cloudfront_response_headers_policy.page[*].id)

    dynamic "function_association" {
      for_each = aws_cloudfront_function.routes

      content {
        event_type   = "viewer-request"
        function_arn = function_association.value.arn
      }
    }

    dynamic "forwarded_values" {
      for_each = local.forwarded

      content {
        query_string = false

        cookies {
          forward = "none"
        }
      }
    }
  }

  dynamic "ordered_cache_behavior" {
    for_each = local.api_paths

    content {
      path_pattern             = ordered_cache_behavior.value
      target_origin_id         = "api"
      viewer_protocol_policy   = "https-only"
      allowed_methods          = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
      cached_methods           = ["GET", "HEAD"]
      compress                 = true
      cache_policy_id          = local.cache_nothing
      origin_request_policy_id = local.forward_all

      dynamic "forwarded_values" {
        for_each = local.forwarded

        content {
          query_string = false

          cookies {
            forward = "none"
          }
        }
      }
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = var.emulated ? true : null
    acm_certificate_arn            = local.certificate_arn
    minimum_protocol_version       = local.minimum_tls
    ssl_support_method             = "sni-only"
  }
}

resource "aws_cloudfront_distribution" "images" {
  comment         = "${var.name}: images of events"
  enabled         = true
  is_ipv6_enabled = true
  http_version    = "http2and3"
  price_class     = "PriceClass_All"
  aliases         = [local.images]
  web_acl_id      = aws_wafv2_web_acl.this.arn

  origin {
    origin_id                = "images"
    domain_name              = var.buckets["images"].address
    origin_access_control_id = var.emulated ? null : aws_cloudfront_origin_access_control.this.id
  }

  default_cache_behavior {
    target_origin_id           = "images"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.cache_as_told
    response_headers_policy_id = local.security_headers

    dynamic "forwarded_values" {
      for_each = local.forwarded

      content {
        query_string = false

        cookies {
          forward = "none"
        }
      }
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = var.emulated ? true : null
    acm_certificate_arn            = local.certificate_arn
    minimum_protocol_version       = local.minimum_tls
    ssl_support_method             = "sni-only"
  }
}

resource "aws_route53_record" "world" {
  for_each = merge([
    for kind, name in local.distribution_name : {
      for type in ["A", "AAAA"] : "${kind}-${type}" => { kind = kind, name = name, type = type }
    }
  ]...)

  zone_id = var.zone_id
  name    = each.value.name
  type    = each.value.type

  alias {
    name                   = local.distributions[each.value.kind].domain_name
    zone_id                = local.distributions[each.value.kind].hosted_zone_id
    evaluate_target_health = false
  }
}

# Nobody but CloudFront reads the buckets, of the images what lies under events/, and nobody without TLS. Nobody may
# list them: a file that is missing is 403.

data "aws_iam_policy_document" "read" {
  for_each = { web = "*", images = "events/*" }

  statement {
    sid       = "CloudFront"
    actions   = ["s3:GetObject"]
    resources = ["${var.buckets[each.key].arn}/${each.value}"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.distributions[each.key].arn]
    }
  }

  # A denial is the one place where every action and everybody is what is meant.
  statement {
    sid       = "OnlyByTLS"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [var.buckets[each.key].arn, "${var.buckets[each.key].arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "read" {
  for_each = data.aws_iam_policy_document.read

  bucket = var.buckets[each.key].id
  policy = each.value.json
}
