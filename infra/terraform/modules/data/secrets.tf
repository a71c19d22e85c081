# Secrets. The keys of each one's JSON are the environment variables that the programs read, so that a task definition
# names a variable and nothing has to translate.

locals {
  secrets = {
    database = "Addresses of Postgres with their password; rotated"
    redis    = "Address of Redis with its token; rotated"
    tokens   = "Keys of the access tokens; rotated"
    order-id = "Key of order ids, receipts and refresh tokens; must stay the same for the life of the database"
    images   = "Who may write images to their bucket"
    partners = "Of Stripe and the mail server; written by you"
  }

  # By variable: the address behind user and password, null where there is no such server.
  database_addresses = {
    DATABASE_URL = "${aws_db_instance.primary.address}:5432/${local.database_name}?${var.database.tls}"
    DATABASE_REPLICA_URL = (
      var.database.replicas == 0 ? null
      : "${aws_db_instance.replica[0].address}:5432/${local.database_name}?${var.database.tls}"
    )
  }
}

resource "aws_secretsmanager_secret" "this" {
  for_each = local.secrets

  name                    = "${var.name}/${each.key}"
  description             = each.value
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = var.protected ? 30 : 0

  # Tells modules/rotation what it has before it.
  tags = contains(["database", "redis", "tokens"], each.key) ? { rotates = each.key } : {}
}

resource "aws_secretsmanager_secret_version" "database" {
  secret_id = aws_secretsmanager_secret.this["database"].id
  secret_string_wo = jsonencode({
    for variable, address in local.database_addresses : variable => join("", [
      "postgres://", local.database_user, ":",
      ephemeral.aws_secretsmanager_random_password.database.random_password, "@", address,
    ]) if address != null
  })
  secret_string_wo_version = 1
}

resource "aws_secretsmanager_secret_version" "redis" {
  secret_id = aws_secretsmanager_secret.this["redis"].id
  secret_string_wo = jsonencode({
    REDIS_URL = join("", [
      "rediss-cluster://default:", data.aws_secretsmanager_random_password.redis.random_password, "@",
      aws_elasticache_replication_group.this.configuration_endpoint_address, ":6379",
    ])
  })
  secret_string_wo_version = 1
}

ephemeral "aws_secretsmanager_random_password" "token" {
  password_length     = 64
  exclude_punctuation = true
}

ephemeral "aws_secretsmanager_random_password" "next_token" {
  password_length     = 64
  exclude_punctuation = true
}

# The "previous" key is accepted and not signed with. Here it is the next one, so that a gateway which signs with it
# meets none that does not know it yet: see modules/rotation.
resource "aws_secretsmanager_secret_version" "tokens" {
  secret_id = aws_secretsmanager_secret.this["tokens"].id
  secret_string_wo = jsonencode({
    JWT_KEY_ID          = "onsale-1"
    JWT_SECRET          = ephemeral.aws_secretsmanager_random_password.token.random_password
    JWT_PREVIOUS_KEY_ID = "onsale-2"
    JWT_PREVIOUS_SECRET = ephemeral.aws_secretsmanager_random_password.next_token.random_password
  })
  secret_string_wo_version = 1
}

ephemeral "aws_secretsmanager_random_password" "order_id" {
  password_length     = 64
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret_version" "order_id" {
  secret_id = aws_secretsmanager_secret.this["order-id"].id
  secret_string_wo = jsonencode({
    ORDER_ID_SECRET = ephemeral.aws_secretsmanager_random_password.order_id.random_password
  })
  secret_string_wo_version = 1
}

# The gateway signs uploads with a fixed key: it knows no credentials of a task's role. So there is a user that can do
# nothing but that.

resource "aws_iam_user" "images" {
  name = "${var.name}-images"
}

resource "aws_iam_user_policy" "images" {
  name   = "images"
  user   = aws_iam_user.images.name
  policy = data.aws_iam_policy_document.images.json
}

data "aws_iam_policy_document" "images" {
  statement {
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.this["images"].arn}/events/*"]
  }

  # Without it S3 says of an upload that has not come yet that it is forbidden, not that it is missing.
  statement {
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.this["images"].arn]
  }
}

resource "aws_iam_access_key" "images" {
  user = aws_iam_user.images.name
}

resource "aws_secretsmanager_secret_version" "images" {
  secret_id = aws_secretsmanager_secret.this["images"].id
  secret_string = jsonencode({
    S3_ACCESS_KEY_ID     = aws_iam_access_key.images.id
    S3_SECRET_ACCESS_KEY = aws_iam_access_key.images.secret
  })
}
