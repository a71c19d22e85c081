variable "name" {
  description = "What every name begins with."
  type        = string
}

variable "domain" {
  description = "Where browsers come from, for uploads of images straight to their bucket."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets, in two zones at least."
  type        = list(string)
}

variable "security_group_ids" {
  description = "Security groups of Postgres and Redis: database, cache."
  type        = map(string)
}

variable "database" {
  description = <<-TEXT
    Postgres: the instance's class, gigabytes at first and at most, whether a second zone stands by, how many replicas
    are read from (0 or 1), and what libpq is told about TLS.
  TEXT
  type = object({
    instance_class  = string
    storage         = number
    maximum_storage = number
    multi_az        = bool
    replicas        = number
    tls             = optional(string, "sslmode=require")
  })

  validation {
    condition     = contains([0, 1], var.database.replicas)
    error_message = "The gateway knows one replica (DATABASE_REPLICA_URL): replicas must be 0 or 1."
  }
}

variable "redis" {
  description = "Redis Cluster: the nodes' type, how many primaries, and replicas of each."
  type = object({
    node_type = string
    primaries = number
    replicas  = number
  })
}

variable "protected" {
  description = "Whether what holds data refuses to be deleted, and a last snapshot is taken of it."
  type        = bool
}

variable "emulated" {
  description = "Whether AWS is an emulator, which lacks some of it: see README.md."
  type        = bool
}
