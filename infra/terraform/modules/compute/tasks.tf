# What runs: the programs' images with exactly the variables that they know.

locals {
  variables = { for program in local.programs : program => merge(var.environment.common, var.environment[program]) }
  secrets   = { for program in local.programs : program => merge(var.secrets.common, var.secrets[program]) }

  metrics_port = 9464

  # What every container of ours has. The root file system is read-only: the programs write nothing.
  container = {
    for program in local.programs : program => {
      name                   = program
      image                  = var.images[program]
      essential              = true
      readonlyRootFilesystem = true
      environment            = [for name, value in local.variables[program] : { name = name, value = value }]
      secrets = [
        for name, secret in local.secrets[program] :
        { name = name, valueFrom = "${var.secret_arns[secret]}:${name}::" }
      ]
      linuxParameters = { initProcessEnabled = true }
      # Connections: a gateway takes 50,000 of clients, where it may open so many files.
      ulimits = [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }]
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.this[program].name
          awslogs-region        = local.region
          awslogs-stream-prefix = program
          # Lines beyond this wait no longer for CloudWatch but are dropped: it must not hold up a sale.
          mode            = "non-blocking"
          max-buffer-size = "16m"
        }
      }
    }
  }

  # Asks as curl would, which a small image need not have: bash and grep are in every Debian.
  health = {
    for program, port in { gateway = var.gateway_port, worker = local.metrics_port } : program => {
      command = [
        "CMD", "bash", "-c", join(" ", [
          "exec 3<>/dev/tcp/127.0.0.1/${port} &&",
          "printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 &&",
          "grep -q '^HTTP/1.1 200' <&3",
        ])
      ]
      interval    = 10
      timeout     = 5
      retries     = 3
      startPeriod = 60
    }
  }
}

resource "aws_ecs_task_definition" "gateway" {
  family                   = "${var.name}-gateway"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.gateway.cpu
  memory                   = var.gateway.memory
  execution_role_arn       = aws_iam_role.start["gateway"].arn
  task_role_arn            = aws_iam_role.run["gateway"].arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  container_definitions = jsonencode([
    merge(local.container["gateway"], {
      portMappings = [{ containerPort = var.gateway_port, hostPort = var.gateway_port, protocol = "tcp" }]
      healthCheck  = local.health["gateway"]
      # Seconds: the gateway itself stops within GATEWAY_DRAIN_SECONDS (20).
      stopTimeout = 40
    })
  ])
}

resource "aws_ecs_task_definition" "worker" {
  family                   = "${var.name}-worker"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.worker.cpu
  memory                   = var.worker.memory
  execution_role_arn       = aws_iam_role.start["worker"].arn
  task_role_arn            = aws_iam_role.run["worker"].arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  container_definitions = jsonencode([
    merge(local.container["worker"], {
      healthCheck = local.health["worker"]
      # Seconds: the worker itself stops within SHUTDOWN_SECONDS (10) and ten more.
      stopTimeout = 40
    }),
    {
      name      = "collector"
      image     = var.collector_image
      essential = false
      environment = [
        { name = "AOT_CONFIG_CONTENT", value = local.collector },
      ]
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.this["collector"].name
          awslogs-region        = local.region
          awslogs-stream-prefix = "collector"
          mode                  = "non-blocking"
          max-buffer-size       = "4m"
        }
      }
    },
  ])
}

# Run by hand or by a pipeline before new gateways and workers; `onsale` with other arguments does the operator's work.
resource "aws_ecs_task_definition" "migrate" {
  family                   = "${var.name}-migrate"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  execution_role_arn       = aws_iam_role.start["migrate"].arn
  task_role_arn            = aws_iam_role.run["migrate"].arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  container_definitions = jsonencode([
    merge(local.container["migrate"], {
      entryPoint = ["onsale"]
      command    = ["migrate", "up"]
    })
  ])
}
