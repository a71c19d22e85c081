# Certificates: of the world's side in us-east-1, where CloudFront takes it from, and of the load balancer here.

locals {
  # The load balancer's own name, which CloudFront goes to.
  origin = "origin.${var.domain}"
  images = "images.${var.domain}"
}

resource "aws_acm_certificate" "world" {
  provider = aws.us_east_1

  domain_name               = var.domain
  subject_alternative_names = [local.images]
  validation_method         = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_acm_certificate" "origin" {
  domain_name       = local.origin
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

# A set of objects would be of unknown keys before the first apply; the names are known.
resource "aws_route53_record" "validation" {
  for_each = {
    (var.domain)   = aws_acm_certificate.world.domain_validation_options
    (local.images) = aws_acm_certificate.world.domain_validation_options
    (local.origin) = aws_acm_certificate.origin.domain_validation_options
  }

  zone_id = var.zone_id
  name    = one([for option in each.value : option.resource_record_name if option.domain_name == each.key])
  type    = one([for option in each.value : option.resource_record_type if option.domain_name == each.key])
  records = [one([for option in each.value : option.resource_record_value if option.domain_name == each.key])]
  ttl     = 300

  # Another environment below the same domain may have the same record.
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "world" {
  provider = aws.us_east_1

  certificate_arn         = aws_acm_certificate.world.arn
  validation_record_fqdns = [for name in [var.domain, local.images] : aws_route53_record.validation[name].fqdn]
}

resource "aws_acm_certificate_validation" "origin" {
  certificate_arn         = aws_acm_certificate.origin.arn
  validation_record_fqdns = [aws_route53_record.validation[local.origin].fqdn]
}
