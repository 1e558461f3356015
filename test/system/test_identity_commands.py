"""Every command of the `openstack` CLI for Identity v3: it works, or says that the part is not supported. Proves B2, B9."""

import pytest

from identity_server import PASSWORD, admin_cli, log_in, start
from openstack_cli import Cli

# Each line is a command of the group openstack.identity.v3 with arguments; {…} are ids of what was made before, by the name
# that precedes "=".
WORKS = """
domain create d1
domain list
domain set d1 --description text
domain show d1
project = project create p1 --domain d1 --tag red
project list --domain d1
project set {project} --description text
project show {project}
user = user create u1 --password pw --domain d1
user list --domain d1
user set {user} --email u@example.org
user show {user}
group = group create g1 --domain d1
group list --domain d1
group set {group} --description text
group show {group}
group add user {group} {user}
group contains user {group} {user}
group remove user {group} {user}
role create r1
role create r2
role list
role set r1 --description text
role show r1
role add r1 --user {user} --project {project}
role assignment list --user {user} --names
role remove r1 --user {user} --project {project}
implied role create r1 --implied-role r2
implied role list
implied role delete r1 --implied-role r2
region create north
region list
region set north --description text
region show north
service = service create compute --name nova
service list
service set {service} --description text
service show {service}
endpoint = endpoint create {service} public http://nova --region north
endpoint list
endpoint set {endpoint} --url http://nova/
endpoint show {endpoint}
registered = registered limit create --service {service} --region north --default-limit 5 cores
registered limit list
registered limit set {registered} --default-limit 6
registered limit show {registered}
limit = limit create --project {project} --service {service} --region north --resource-limit 3 cores
limit list
limit set {limit} --resource-limit 4
limit show {limit}
catalog list
catalog show identity
federation domain list
federation project list
robot = application credential create robot --access-rules [{"service":"network","method":"GET","path":"/v2.0/networks"}]
application credential list
application credential show {robot}
access rule list
access rule show {rule}
application credential delete {robot}
access rule delete {rule}
blob = credential create admin some-text --type cert
credential list --user admin
credential set {blob} --user admin --type other --data more
credential show {blob}
credential delete {blob}
trust = trust create --project admin --role member admin admin
trust list
trust show {trust}
trust delete {trust}
limit delete {limit}
registered limit delete {registered}
endpoint delete {endpoint}
service delete {service}
region delete north
role delete r1
role delete r2
group delete {group}
user delete {user}
project delete {project}
domain set d1 --disable
domain delete d1
"""

OWN = """
token issue
token revoke
user password set
"""

NOT_SUPPORTED = """
access token create --consumer-key k --consumer-secret s --request-key k --request-secret s --verifier v
consumer create
consumer delete x
consumer list
consumer set x --description text
consumer show x
ec2 credentials create
ec2 credentials delete x
ec2 credentials list
ec2 credentials show x
endpoint add project {identity} admin
endpoint remove project {identity} admin
endpoint group add project x admin
endpoint group create x {file}
endpoint group delete x
endpoint group list
endpoint group remove project x admin
endpoint group set x --name y
endpoint group show x
federation protocol create x --identity-provider i --mapping m
federation protocol delete x --identity-provider i
federation protocol list --identity-provider i
federation protocol set x --identity-provider i --mapping m
federation protocol show x --identity-provider i
identity provider create x
identity provider delete x
identity provider list
identity provider set x --enable
identity provider show x
mapping create x --rules {file}
mapping delete x
mapping list
mapping set x --rules {file}
mapping show x
policy create {file}
policy delete x
policy list
policy set x --type y
policy show x
request token authorize --request-key k --role member
request token create --consumer-key k --consumer-secret s --project admin
service provider create x --auth-url http://x --service-provider-url http://x
service provider delete x
service provider list
service provider set x --enable
service provider show x
"""


def lines(table):
    return [line for line in table.splitlines() if line]


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    server = start(tmp_path_factory.mktemp("commands"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def cli(weftd):
    cli = admin_cli(weftd)
    yield cli
    cli.close()


def words_of(line, known):
    words = []
    for word in line.split():
        for name, value in known.items():
            word = word.replace("{" + name + "}", value)
        words.append(word)
    return words


def test_what_works(cli):
    known = {}
    for line in lines(WORKS):
        name, _, rest = line.partition(" = ")
        words = words_of(rest or line, known)
        if rest:
            known[name] = cli.json(*words)["id"]
        else:
            cli(*words)
        if line == "access rule list":
            known["rule"] = cli.json(*words)[0]["ID"]


def test_what_does_not(cli, tmp_path):
    (tmp_path / "file").write_text("{}")
    known = {"file": str(tmp_path / "file"), "identity": cli.json("endpoint", "list", "--service", "identity")[0]["ID"]}
    for line in lines(NOT_SUPPORTED):
        complaint = cli(*words_of(line, known), fails=True)
        assert "not supported by this Identity service" in complaint or "HTTP 501" in complaint, (line, complaint)


def test_own_session(weftd):
    own = Cli(OS_AUTH_URL=weftd.url, OS_USERNAME="admin", OS_PASSWORD=PASSWORD, OS_PROJECT_NAME="admin",
              OS_USER_DOMAIN_ID="default", OS_PROJECT_DOMAIN_ID="default")
    own("token", "revoke", own.json("token", "issue")["id"])
    own("user", "password", "set", "--original-password", PASSWORD, "--password", "another")
    own.close()
    assert log_in(weftd, password="another").status == 201


def test_that_is_all(cli):
    known = [command for group in cli.json("command", "list", "--group", "openstack.identity.v3") for command in group["Commands"]]
    tried = [line.partition(" = ")[2] or line for line in lines(WORKS + OWN + NOT_SUPPORTED)]
    missed = [command for command in known if not any(line == command or line.startswith(command + " ") for line in tried)]
    assert len(known) > 120 and not missed
