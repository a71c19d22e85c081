# For sales: three zones, and the loss of one stops nothing.

module "onsale" {
  source = "../../modules/onsale"

  environment      = "prod"
  domain           = var.domain
  zone_id          = var.zone_id
  cidr             = "10.30.0.0/16"
  zones            = [for letter in ["a", "b", "c"] : "${var.region}${letter}"]
  nat_in_each_zone = true
  proxy_cidrs      = var.proxy_cidrs

  images = var.images
  # A gateway takes some thousands of purchases a second on two cores (README.md of Onsale, "Measured").
  gateway = { cpu = 2048, memory = 4096, minimum = 2, maximum = 10 }
  worker  = { cpu = 2048, memory = 4096, minimum = 2, maximum = 8 }
  sales   = var.sales

  database = {
    instance_class  = "db.r6g.xlarge"
    storage         = 200
    maximum_storage = 1000
    multi_az        = true
    replicas        = 1
  }
  # Two replicas each, so that with one that is away an order still has a second copy to wait for.
  redis         = { node_type = "cache.r7g.large", primaries = 2, replicas = 2 }
  wait_replicas = 1

  payment_provider = var.payment_provider
  mail             = var.mail
  rates            = var.rates
  settings         = var.settings
  rotation_package = coalesce(var.rotation_package, "${path.root}/../../../../.local/infra/rotation.zip")
  alarm_emails     = var.alarm_emails
  budget           = 3000
  trail            = true
  log_days         = 90
  protected        = var.protected
  emulated         = var.emulated

  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }
}
