//! The files in `deploy/`, read by the tools that will read them: Ray's own validation of cluster configurations, and
//! Kubernetes' schemas.

#![allow(clippy::unwrap_used)] // helpers of tests, outside a test function

use std::path::Path;
use std::process::Command;

use mobula_testkit::python::{Environment, Spec};
use mobula_testkit::{cluster, repository, skip};

/// What `ray up` does before it calls the cloud.
const RAY_UP: &str = r#"
import sys, yaml
from ray.autoscaler._private.util import prepare_config, validate_config
config = prepare_config(yaml.safe_load(open(sys.argv[1])))
validate_config(config)
nodes = 0
for name, kind in config["available_node_types"].items():
    nodes += 1 if name == config["head_node_type"] else kind["min_workers"]
    node = kind["node_config"]
    assert node["InstanceType"] in ("m5.large", "t3.large"), node
    assert [disk["Ebs"]["VolumeSize"] for disk in node["BlockDeviceMappings"]] == [40], node
    # Without a group of its own, Ray makes one with SSH open to the world.
    assert node["SecurityGroupIds"], node
assert nodes == 5, nodes
assert "security_group" not in config["provider"], "rules that open ports"
try:
    validate_config({**config, "max_workers": "four"})
except Exception as error:
    print("valid, and a wrong one is not:", type(error).__name__)
"#;

/// Each pod by itself as Kubernetes has it; the whole by KubeRay's definition where MOBULA_KUBERAY_CRD names one.
const KUBERAY: &str = r#"
import sys, yaml, kubernetes_validate
cluster = yaml.safe_load(open(sys.argv[1]))
assert (cluster["apiVersion"], cluster["kind"]) == ("ray.io/v1", "RayCluster")
head, workers = cluster["spec"]["headGroupSpec"], cluster["spec"]["workerGroupSpecs"]
pods = [head["template"]] + [group["template"] for group in workers]
version = kubernetes_validate.latest_version()
for pod in pods:
    whole = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": pod["spec"]}
    kubernetes_validate.validate(whole, version, strict=True)
    image = pod["spec"]["containers"][0]["image"]
    assert image == "rayproject/ray:" + cluster["spec"]["rayVersion"], image
assert 1 + sum(group["replicas"] for group in workers) == 5
assert all(type(value) is str for group in [head, *workers] for value in group["rayStartParams"].values())
try:
    kubernetes_validate.validate({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": "x"}}, version, strict=True)
except kubernetes_validate.ValidationError:
    print("valid, and a wrong one is not")

if len(sys.argv) > 2:
    import jsonschema

    def strict(schema):
        if isinstance(schema, dict):
            if schema.get("x-kubernetes-int-or-string"):
                schema.pop("anyOf", None)
                schema["type"] = ["integer", "string"]
            if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
                schema.setdefault("additionalProperties", False)
        for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else []:
            strict(part)

    [kind] = [v for v in yaml.safe_load(open(sys.argv[2]))["spec"]["versions"] if v["name"] == "v1"]
    schema = kind["schema"]["openAPIV3Schema"]
    strict(schema)
    schema["properties"]["metadata"] = {"type": "object"}
    jsonschema.validate(cluster, schema)
    print("a RayCluster")
"#;

#[track_caller]
fn check(python: &Path, script: &str, arguments: &[&Path], expected: &str) {
    let mut command = Command::new(python);
    command.args(["-c", script]).args(arguments).env("RAY_AUTH_MODE", "disabled");
    let output = command.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && printed.contains(expected), "{printed}{said}");
}

#[test]
fn ray_up_reads_the_configuration_for_aws() {
    let Some(cluster) = cluster() else { return };
    check(&cluster.python, RAY_UP, &[&repository().join("deploy/aws.yaml")], "valid, and a wrong one is not");
}

#[test]
fn kubernetes_reads_the_manifest_for_kuberay() {
    let Some(_) = cluster() else { return };
    let tools = Spec::new("kubernetes-validate", ["kubernetes-validate==1.37.0", "jsonschema", "pyyaml"]);
    let python = match Environment::ensure(&tools) {
        Ok(python) => python,
        Err(error) => skip!("kubernetes-validate cannot be installed: {error}"),
    };
    let manifest = repository().join("deploy/kuberay.yaml");
    check(python.python(), KUBERAY, &[&manifest], "valid, and a wrong one is not");
    let Some(definition) = std::env::var_os("MOBULA_KUBERAY_CRD") else {
        skip!("only the pods: MOBULA_KUBERAY_CRD does not name KubeRay's ray.io_rayclusters.yaml");
    };
    check(python.python(), KUBERAY, &[&manifest, Path::new(&definition)], "a RayCluster");
}

#[test]
fn the_script_for_the_security_group_is_a_script() {
    let script = repository().join("deploy/security-group.sh");
    let output = Command::new("bash").arg("-n").arg(&script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // The world is nobody's own address.
    let output = Command::new("bash").arg(&script).args(["eu-central-1", "0.0.0.0/0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
}
