using System.Text.Json.Nodes;
using Lumos.Drivers.Tools;
using Lumos.LiveImage;
using Lumos.Machine;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>Hosted mode where the kernel has ZFS: the live image is such a host, and the hosted global zone a guest beside its own.</summary>
[Collection("07b hosted")]
public sealed class HostedOnZfsTests(Suite suite) : LiveTest(suite)
{
    private const string Folder = "/var/tmp/hosted", Tree = Folder + "/tree", Root = Folder + "/root", Bridge = "hosted-br0";

    private const string Objects = "zpool list -H -o name; zfs list -H -o name -t all | grep -v -e @ -e '^zones/'; ls /sys/class/net; nft list tables; losetup -a; " +
        "findmnt -rno TARGET | sort; find /sys/fs/cgroup -maxdepth 2 -type d -name '*hosted*'; find /run -maxdepth 2 -name '*hosted*'";

    [Fact]
    public void A_pool_of_its_own_carries_zones_and_goes_without_a_trace()
    {
        Ok(Zone.Shell($"mkdir -p {Tree} && ip link add {Bridge} type bridge && ip link set {Bridge} up"));
        try
        {
            Send(HostedBuilder.Build(Suite.Options));
            string before = Ok(Zone.Shell(Objects));
            Ok(Hosted("lumos-host", "up", "--root", Root, "--platform", Tree, "--pool-size", "3G", "--bridge", Bridge, "--name", "hosted"));
            var status = JsonNode.Parse(Ok(Hosted("lumos-host", "status", "--root", Root, "--json")))!;
            Assert.Equal(("up", "zfs", "hosted"), ((string?)status["state"], (string?)status["pool"]!["kind"], (string?)status["pool"]!["name"]));
            Assert.Equal("ONLINE", Ok(Zone.Run("zpool", "list", "-H", "-o", "health", "hosted")));

            var image = Suite.ImageUuid("lumos-base");
            Ok(Zone.Shell($"curl -sSf -o {Folder}/json {Suite.ImageUrl}/images/{image} && curl -sSf -o {Folder}/stream {Suite.ImageUrl}/images/{image}/file"));
            Ok(Hosted("imgadm", "install", "-m", Folder + "/json", "-f", Folder + "/stream"));
            string uuid = Guid.NewGuid().ToString();
            string payload = new JsonObject
            {
                ["uuid"] = uuid, ["brand"] = "joyent", ["alias"] = "inner", ["image_uuid"] = image.ToString(), ["ram"] = 128, ["quota"] = 1,
                ["nics"] = new JsonArray(new JsonObject { ["nic_tag"] = "admin", ["ip"] = "172.31.9.5", ["netmask"] = "255.255.255.0", ["primary"] = true }),
            }.ToJsonString();
            Ok(Zone.RunWith(payload, "env", "LUMOS_ROOT=" + Root, Tree + "/usr/sbin/vmadm", "create"));
            Assert.Contains(Bridge, Ok(Zone.Shell($"ls /sys/class/net/{Bridge}/brif | sed 's/^/{Bridge} /'")));
            // Its own VMs, and none of the machine's; the machine's list has none of it.
            Assert.Equal(uuid, Ok(Hosted("vmadm", "list", "-H", "-o", "uuid")));
            Assert.DoesNotContain(uuid, Ok(Zone.Run("vmadm", "list", "-H", "-o", "uuid")));

            Ok(Hosted("zlogin", uuid, "echo first > /root/file; sync"));
            Ok(Hosted("vmadm", "create-snapshot", uuid, "one"));
            Assert.Contains($"hosted/{uuid}@vmsnap-one", Ok(Zone.Run("zfs", "list", "-H", "-o", "name", "-t", "snapshot", "-r", "hosted")));
            Ok(Hosted("zlogin", uuid, "echo second > /root/file"));
            Ok(Hosted("vmadm", "rollback-snapshot", uuid, "one"));
            Assert.Equal("first", Ok(Hosted("zlogin", uuid, "cat /root/file")));
            Assert.Equal($"{1L << 30}", Ok(Zone.Run("zfs", "get", "-Hp", "-o", "value", "quota", $"hosted/{uuid}")));

            // Down and up again: the pool is exported and imported, the zone boots by itself.
            Ok(Hosted("lumos-host", "down", "--root", Root));
            Assert.Equal(before, Ok(Zone.Shell(Objects)));
            Ok(Hosted("lumos-host", "up", "--root", Root, "--platform", Tree));
            Zone.WaitFor("the inner zone", Suite.Patient(60), () => Hosted("zlogin", uuid, "cat /root/file").Output.Trim() == "first");
            Ok(Hosted("lumos-host", "destroy", "--root", Root, "--yes"));
            Assert.Equal(before, Ok(Zone.Shell(Objects)));
            AssertConsistent();
        }
        finally
        {
            _ = Zone.Shell($"LUMOS_ROOT={Root} {Tree}/usr/sbin/lumos-host destroy --root {Root} --yes; ip link del {Bridge}; rm -rf {Folder}");
        }
    }

    private CommandResult Hosted(string command, params string[] words) =>
        Suite.Main.Qemu.Ssh.Run(["env", "LUMOS_ROOT=" + Root, $"{Tree}/usr/sbin/{command}", .. words], Suite.Patient(180));

    private void Send(string tree)
    {
        string archive = Path.Combine(Suite.Checkout.LiveTests, "hosted.tar");
        _ = Tool.Run("tar", "-cf", archive, "-C", tree, ".").OrThrow();
        try
        {
            using var stream = File.OpenRead(archive);
            Ok(HostCommand.RunWithFile(Suite.Main.Qemu.Ssh.Attached(["tar", "-C", Tree, "-xf", "-"], terminal: false), stream, Suite.Patient(60)));
        }
        finally
        {
            File.Delete(archive);
        }
    }
}
