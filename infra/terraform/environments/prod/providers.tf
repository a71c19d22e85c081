terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # Which bucket, `terraform init -backend-config=backend.hcl` says: see README.md.
  backend "s3" {
    key          = "prod.tfstate"
    use_lockfile = true
    encrypt      = true
  }
}

locals {
  tags = { project = "onsale", deployment = "onsale-prod", managed-by = "terraform" }
}

provider "aws" {
  region            = var.region
  s3_use_path_style = var.emulated

  default_tags {
    tags = local.tags
  }
}

# What belongs to CloudFront is there, wherever the rest is.
provider "aws" {
  alias             = "us_east_1"
  region            = "us-east-1"
  s3_use_path_style = var.emulated

  default_tags {
    tags = local.tags
  }
}
