#!/usr/bin/env bash
# Makes the security group of aws.yaml in the default network: its members reach each other, your address reaches them by SSH,
# nobody else reaches anything. Prints the group's id. Usage: security-group.sh [REGION [YOUR-ADDRESS/32]]
set -euo pipefail

region=${1:-eu-central-1}
own=${2:-$(curl -fsS https://checkip.amazonaws.com)/32}
[[ $own =~ ^[0-9.]+/(2[4-9]|3[0-2])$ ]] || {
    printf 'error: %s is not your address: ADDRESS/32, or a network no larger than /24\n' "$own" >&2
    exit 2
}

vpc=$(aws ec2 describe-vpcs --region "$region" --filters Name=is-default,Values=true --query 'Vpcs[0].VpcId' --output text)
group=$(aws ec2 create-security-group --region "$region" --vpc-id "$vpc" --group-name mobula \
    --description "Mobula: the cluster itself, and SSH from one address" --query GroupId --output text)
aws ec2 authorize-security-group-ingress --region "$region" --group-id "$group" --protocol=-1 --source-group "$group" >/dev/null
aws ec2 authorize-security-group-ingress --region "$region" --group-id "$group" --protocol tcp --port 22 --cidr "$own" >/dev/null
printf '%s\n' "$group"
