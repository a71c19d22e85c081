# A deployment of Onsale: puts the modules together, and says what each program is told.

locals {
  name = "onsale-${var.environment}"

  has_replica = var.database.replicas > 0
  has_stripe  = var.payment_provider == "stripe"
  has_mail    = var.mail != null
  has_login   = try(var.mail.login, false)

  # Nodes of a Redis Cluster: known before they are made, unlike their names.
  redis_node_count = var.redis.primaries * (1 + var.redis.replicas)

  environment = {
    common = merge(var.settings.common, {
      PARTITIONS       = tostring(var.partitions)
      LOG_FORMAT       = "json"
      PAYMENT_PROVIDER = var.payment_provider
      # Redis is asked by each program in the same way.
      REDIS_WAIT_REPLICAS = tostring(var.wait_replicas)
    })

    gateway = merge(var.settings.gateway, {
      HTTP_HOST             = "0.0.0.0"
      HTTP_PORT             = tostring(module.network.ports.gateway)
      TRUSTED_PROXIES       = join(",", module.network.trusted_proxies)
      SESSION_COOKIE_SECURE = "true"
      # No GATEWAY_STOP_DELAY: ECS takes a task out of the load balancer, and waits, before it tells it to stop.
      GATEWAY_DRAIN_SECONDS = "20"
      S3_BUCKET             = module.data.buckets["images"].id
      S3_REGION             = data.aws_region.current.name
      S3_PATH_STYLE         = "false"
      S3_PUBLIC_URL         = module.edge.images_url
    })

    worker = merge(
      var.settings.worker,
      {
        # The collector in the same task reads it; nobody else can.
        METRICS_HOST     = "127.0.0.1"
        METRICS_PORT     = "9464"
        SHUTDOWN_SECONDS = "10"
        MAIL_PROVIDER    = local.has_mail ? "smtp" : "log"
      },
      !local.has_mail ? {} : {
        MAIL_FROM       = var.mail.from
        MAIL_PUBLIC_URL = module.edge.url
        SMTP_HOST       = var.mail.host
        SMTP_PORT       = tostring(var.mail.port)
        SMTP_TLS        = var.mail.port == 465 ? "implicit" : "required"
      },
    )

    migrate = var.settings.migrate
  }

  # The variable and the secret that has it.
  secrets = {
    common = { DATABASE_URL = "database", REDIS_URL = "redis" }

    gateway = merge(
      {
        ORDER_ID_SECRET      = "order-id"
        JWT_SECRET           = "tokens"
        JWT_KEY_ID           = "tokens"
        JWT_PREVIOUS_SECRET  = "tokens"
        JWT_PREVIOUS_KEY_ID  = "tokens"
        S3_ACCESS_KEY_ID     = "images"
        S3_SECRET_ACCESS_KEY = "images"
      },
      local.has_replica ? { DATABASE_REPLICA_URL = "database" } : {},
      local.has_stripe ? { STRIPE_WEBHOOK_SECRET = "partners" } : {},
    )

    worker = merge(
      local.has_stripe ? { STRIPE_SECRET_KEY = "partners" } : {},
      local.has_login ? { SMTP_USER = "partners", SMTP_PASSWORD = "partners" } : {},
    )

    # `onsale reconcile` compares the provider's books.
    migrate = local.has_stripe ? { STRIPE_SECRET_KEY = "partners" } : {}
  }
}

data "aws_region" "current" {}

module "network" {
  source = "../network"

  name             = local.name
  cidr             = var.cidr
  zones            = var.zones
  nat_in_each_zone = var.nat_in_each_zone
  proxy_cidrs      = var.proxy_cidrs
  emulated         = var.emulated
}

module "data" {
  source = "../data"

  name               = local.name
  domain             = var.domain
  subnet_ids         = module.network.private_subnet_ids
  security_group_ids = module.network.security_group_ids
  database           = var.database
  redis              = var.redis
  protected          = var.protected
  emulated           = var.emulated
}

module "edge" {
  source = "../edge"

  name              = local.name
  domain            = var.domain
  zone_id           = var.zone_id
  vpc_id            = module.network.vpc_id
  subnet_ids        = module.network.public_subnet_ids
  security_group_id = module.network.security_group_ids["balancer"]
  gateway_port      = module.network.ports.gateway
  buckets           = module.data.buckets
  rates             = var.rates
  protected         = var.protected
  emulated          = var.emulated

  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }
}

module "compute" {
  source = "../compute"

  name                = local.name
  images              = var.images
  gateway             = var.gateway
  worker              = var.worker
  sales               = var.sales
  subnet_ids          = module.network.private_subnet_ids
  security_group_ids  = module.network.security_group_ids
  gateway_port        = module.network.ports.gateway
  target_group_arn    = module.edge.target_group_arn
  balancer_suffix     = module.edge.balancer_suffix
  target_group_suffix = module.edge.target_group_suffix
  secret_arns         = module.data.secret_arns
  key_arn             = module.data.key_arn
  environment         = local.environment
  secrets             = local.secrets
  log_days            = var.log_days
}

module "rotation" {
  source = "../rotation"

  name            = local.name
  secret_arns     = module.data.secret_arns
  key_arn         = module.data.key_arn
  database        = module.data.database
  redis           = module.data.redis
  cluster_arn     = module.compute.cluster_arn
  package         = var.rotation_package
  log_days        = var.log_days
  alarm_topic_arn = module.observability.alarm_topic_arn
  emulated        = var.emulated
}

module "observability" {
  source = "../observability"

  name                = local.name
  vpc_id              = module.network.vpc_id
  logs_bucket         = module.data.buckets["logs"]
  key_arn             = module.data.key_arn
  alarm_emails        = var.alarm_emails
  budget              = var.budget
  trail               = var.trail
  balancer_suffix     = module.edge.balancer_suffix
  target_group_suffix = module.edge.target_group_suffix
  cluster             = module.compute.cluster
  database            = merge(module.data.database, { storage = var.database.storage })
  redis_nodes         = sort(module.data.redis.nodes)
  redis_node_count    = local.redis_node_count
  namespace           = module.compute.namespace
  partitions          = var.partitions
  emulated            = var.emulated
}
