# To try things on: small, in two zones, nothing of it twice where it costs money. A node that is lost is replaced
# within minutes, and Onsale rebuilds Redis from Postgres.

module "onsale" {
  source = "../../modules/onsale"

  environment      = "dev"
  domain           = var.domain
  zone_id          = var.zone_id
  cidr             = "10.20.0.0/16"
  zones            = [for letter in ["a", "b"] : "${var.region}${letter}"]
  nat_in_each_zone = false
  proxy_cidrs      = var.proxy_cidrs

  images  = var.images
  gateway = { cpu = 512, memory = 1024, minimum = 1, maximum = 2 }
  worker  = { cpu = 512, memory = 1024, minimum = 1, maximum = 2 }
  sales   = var.sales

  database = {
    instance_class  = "db.t4g.small"
    storage         = 20
    maximum_storage = 100
    multi_az        = false
    replicas        = 0
  }
  redis         = { node_type = "cache.t4g.small", primaries = 1, replicas = 0 }
  wait_replicas = 0

  payment_provider = var.payment_provider
  mail             = var.mail
  rates            = var.rates
  settings         = var.settings
  rotation_package = coalesce(var.rotation_package, "${path.root}/../../../../.local/infra/rotation.zip")
  alarm_emails     = var.alarm_emails
  budget           = 300
  # The account's trail is prod's.
  trail     = false
  log_days  = 30
  protected = var.protected
  emulated  = var.emulated

  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }
}
