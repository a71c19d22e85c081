"""Rotates the secrets of a deployment of Onsale. Secrets Manager calls `handler` with one step of four after another.

Each secret is JSON whose keys are environment variables of the programs. What is rotated, its tag `rotates` says:

- `database`: the password of Postgres' user. It changes at once: connections that are open stay, and until the services
  have begun anew, nothing opens another. To be done when nothing is on sale.
- `redis`: the token of Redis. The one before stays valid until the next rotation, so nothing is cut off.
- `tokens`: the keys of access tokens. Gateways sign with one key and accept another ("previous"). The first rotation
  makes a new key and has it accepted, the next has the two change places, and so on: a gateway never meets a token
  whose key it does not know, also while half of the gateways have begun anew. Nobody is signed out.

A step may be called twice, and does nothing the second time.
"""

import json
import os
import re
import time
from urllib.parse import urlsplit, urlunsplit

import boto3

# Seconds between looks at a server that is changing its password, and for how many of them it is looked at.
PAUSE, LOOKS = float(os.environ.get("ROTATION_PAUSE", "10")), 80


def client(name):
    return boto3.client(name)


def read(secret, stage="AWSCURRENT", **version):
    found = client("secretsmanager").get_secret_value(SecretId=secret, VersionStage=stage, **version)
    return json.loads(found["SecretString"])


def draw(length):
    drawn = client("secretsmanager").get_random_password(PasswordLength=length, ExcludePunctuation=True)
    return drawn["RandomPassword"]


def with_password(url, password):
    """The same address with another password. A password of ours is letters and digits, which need no encoding."""
    parts = urlsplit(url)
    user, _, rest = parts.netloc.partition(":")
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{rest.rpartition('@')[2]}"))


def password_of(url):
    return urlsplit(url).netloc.rpartition("@")[0].partition(":")[2]


def rotated_urls(value, length):
    password = draw(length)
    return {name: with_password(url, password) for name, url in value.items()}


def key_number(key_id):
    return int(re.fullmatch(r"onsale-(\d+)", key_id).group(1))


def rotated_tokens(value):
    signing, accepted = key_number(value["JWT_KEY_ID"]), key_number(value["JWT_PREVIOUS_KEY_ID"])
    if accepted > signing:
        # All gateways know the next key by now: it signs, and the old one is accepted until its last token has expired.
        return {
            "JWT_KEY_ID": value["JWT_PREVIOUS_KEY_ID"],
            "JWT_SECRET": value["JWT_PREVIOUS_SECRET"],
            "JWT_PREVIOUS_KEY_ID": value["JWT_KEY_ID"],
            "JWT_PREVIOUS_SECRET": value["JWT_SECRET"],
        }
    return value | {"JWT_PREVIOUS_KEY_ID": f"onsale-{signing + 1}", "JWT_PREVIOUS_SECRET": draw(64)}


def wait_until(is_done, what):
    for _ in range(LOOKS):
        if is_done():
            return
        time.sleep(PAUSE)
    raise TimeoutError(f"{what} is still changing")


def set_database(value):
    rds, name = client("rds"), os.environ["DATABASE_ID"]

    def instance():
        return rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]

    def is_settled():
        found = instance()
        return found["DBInstanceStatus"] == "available" and "MasterUserPassword" not in found.get(
            "PendingModifiedValues", {}
        )

    wait_until(is_settled, name)
    rds.modify_db_instance(
        DBInstanceIdentifier=name, MasterUserPassword=password_of(value["DATABASE_URL"]), ApplyImmediately=True
    )
    time.sleep(PAUSE)
    wait_until(is_settled, name)


def set_redis(value):
    elasticache, name = client("elasticache"), os.environ["REDIS_ID"]

    def is_settled():
        groups = elasticache.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"]
        return groups[0]["Status"] == "available"

    wait_until(is_settled, name)
    elasticache.modify_replication_group(
        ReplicationGroupId=name,
        AuthToken=password_of(value["REDIS_URL"]),
        AuthTokenUpdateStrategy="ROTATE",
        ApplyImmediately=True,
    )
    time.sleep(PAUSE)
    wait_until(is_settled, name)


CREATE = {
    "database": lambda value: rotated_urls(value, 48),
    "redis": lambda value: rotated_urls(value, 64),
    "tokens": rotated_tokens,
}
SET = {"database": set_database, "redis": set_redis, "tokens": lambda value: None}


def create_secret(secret, token, kind):
    manager = client("secretsmanager")
    try:
        read(secret, "AWSPENDING", VersionId=token)
    except manager.exceptions.ResourceNotFoundException:
        value = CREATE[kind](read(secret))
        manager.put_secret_value(
            SecretId=secret, ClientRequestToken=token, SecretString=json.dumps(value), VersionStages=["AWSPENDING"]
        )


def set_secret(secret, token, kind):
    SET[kind](read(secret, "AWSPENDING", VersionId=token))


def test_secret(secret, token, kind):
    """Whether the new value has the form of the old one. Whether it is let in, the services show when they begin anew:
    they are healthy or stay as they were."""
    new, old = read(secret, "AWSPENDING", VersionId=token), read(secret)
    if new.keys() != old.keys() or new == old:
        raise ValueError("the new value has other variables than the old one, or is the same")


def finish_secret(secret, token, kind):
    manager = client("secretsmanager")
    stages = manager.describe_secret(SecretId=secret)["VersionIdsToStages"]
    current = next(version for version, labels in stages.items() if "AWSCURRENT" in labels)
    if current != token:
        manager.update_secret_version_stage(
            SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
        )
    # Tasks read secrets when they start.
    ecs = client("ecs")
    for service in json.loads(os.environ["SERVICES"])[kind]:
        try:
            ecs.update_service(cluster=os.environ["CLUSTER"], service=service, forceNewDeployment=True)
        except (ecs.exceptions.ServiceNotFoundException, ecs.exceptions.ServiceNotActiveException):
            print(f"there is no service {service} yet: it will start with the new value")


STEPS = {
    "createSecret": create_secret,
    "setSecret": set_secret,
    "testSecret": test_secret,
    "finishSecret": finish_secret,
}


def handler(event, context):
    secret, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    found = client("secretsmanager").describe_secret(SecretId=secret)
    if token not in found["VersionIdsToStages"]:
        raise ValueError("this version is not being rotated")
    if step != "finishSecret" and "AWSCURRENT" in found["VersionIdsToStages"][token]:
        return
    kind = next(tag["Value"] for tag in found["Tags"] if tag["Key"] == "rotates")
    STEPS[step](secret, token, kind)
