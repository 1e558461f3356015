"""A load balancer of the provider edge, for tests about something else."""


def balancer(bed, members):
    """With its VIP on 10.1.0.0/24 and a floating IP, and a listener on TCP port 81, 82, ... for each of the members, which has it on
    port 9000: the load balancer and the floating IP."""
    lbaas = "/load-balancer/v2.0/lbaas/"
    subnet = bed.api.get("/v2.0/subnets", cidr="10.1.0.0/24").json["subnets"][0]["id"]
    made = bed.call("POST", lbaas + "loadbalancers", {"loadbalancer": {"vip_subnet_id": subnet}})["loadbalancer"]
    for port, member in enumerate(members, 81):
        listener = bed.call("POST", lbaas + "listeners", {"listener": {
            "loadbalancer_id": made["id"], "protocol": "TCP", "protocol_port": port}})["listener"]["id"]
        pool = bed.call("POST", lbaas + "pools", {"pool": {
            "listener_id": listener, "protocol": "TCP", "lb_algorithm": "SOURCE_IP_PORT"}})["pool"]["id"]
        own = bed.api.get("/v2.0/ports/" + member.id).json["port"]["fixed_ips"]
        subnet = next(one["subnet_id"] for one in own if one["ip_address"] == member.ip[4])
        bed.call("POST", f"{lbaas}pools/{pool}/members", {"member": {
            "address": member.ip[4], "protocol_port": 9000, "subnet_id": subnet}})
    outer = bed.call("POST", "/v2.0/floatingips", {"floatingip": {
        "floating_network_id": bed.public["id"], "port_id": made["vip_port_id"]}})["floatingip"]
    return made, outer
