using Xunit;

namespace Lumos.SystemTests;

/// <summary>
/// The commands of SmartOS's users' guide (how to create a zone, LX branded zones, managing instances, NICs and images, IPv6) and of
/// vmadm's manual, typed as they stand there: only UUIDs, addresses and names of files are this machine's.
/// </summary>
[Collection("06b users guide")]
public sealed class UsersGuideTests : LiveTest
{
    private readonly string _image;

    public UsersGuideTests(Suite suite)
        : base(suite)
    {
        _ = suite.NativeZone; // the image server is a source then, and the image is there
        _image = suite.ImageUuid("lumos-base").ToString();
    }

    [Fact]
    public void A_zone_is_made_from_a_manifest_with_keys_and_a_script()
    {
        const string key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGuide0000000000000000000000000000000000000000 guide@example";
        Assert.Contains(_image, Do("imgadm avail name=lumos-base"));
        Do($"imgadm import {_image}");
        Assert.Contains(_image, Do("imgadm list | grep lumos-base"));
        Do($$"""
            cat > /var/tmp/web01.json <<'EOL'
            {
              "brand": "joyent",
              "image_uuid": "{{_image}}",
              "alias": "web01",
              "hostname": "web01",
              "max_physical_memory": 256,
              "quota": 5,
              "resolvers": ["10.0.2.3", "8.8.4.4"],
              "nics": [
                {
                  "nic_tag": "admin",
                  "ips": ["10.0.2.121/24", "addrconf"],
                  "gateways": ["10.0.2.2"],
                  "primary": true
                }
              ],
              "customer_metadata": {
                "key1": "val1",
                "key2": "val2",
                "root_authorized_keys": "{{key}}",
                "user-script" : "/usr/sbin/mdata-get root_authorized_keys > ~root/.ssh/authorized_keys ; /usr/sbin/mdata-get root_authorized_keys > ~admin/.ssh/authorized_keys"
              }
            }
            EOL
            """);
        string uuid = Made(Zone.Shell("vmadm create -f /var/tmp/web01.json"));
        try
        {
            Assert.Equal("running", Do($"vmadm get {uuid} | json state"));
            Assert.Equal($"{key}\n{key}", Do($"zlogin {uuid} cat /root/.ssh/authorized_keys /home/admin/.ssh/authorized_keys"));
            Assert.Equal("nameserver 10.0.2.3\nnameserver 8.8.4.4", Do($"zlogin {uuid} 'grep ^nameserver /etc/resolv.conf'"));

            // Setting up IPv6: the page shows the whole list, which "json -a nics" prints as the table of one cell.
            string nics = Do($"vmadm get {uuid} | json -a nics");
            Assert.Contains("\"addrconf\"", nics);
            Assert.Equal("10.0.2.121\n10.0.2.121/24 addrconf", Do($"vmadm get {uuid} | json nics.0.ip; vmadm get {uuid} | json nics.0.ips | json -a | xargs"));

            // Instance metadata, from both sides.
            Assert.Equal("val1", Do($"zlogin {uuid} mdata-get key1"));
            Do($"zlogin {uuid} mdata-put key3 val3; zlogin {uuid} mdata-delete key2");
            Assert.Equal("val1 val3", Do($"vmadm get {uuid} | json customer_metadata | json -a key1 key2 key3 | xargs"));
        }
        finally
        {
            Do($"vmadm delete {uuid}; rm /var/tmp/web01.json");
        }
        AssertConsistent();
    }

    [Fact]
    public void Instances_are_listed_looked_up_and_changed()
    {
        string uuid = Made(Zone.Shell($$"""
            vmadm create <<EOF
            {
              "brand": "joyent",
              "zfs_io_priority": 30,
              "quota": 20,
              "image_uuid": "{{_image}}",
              "max_physical_memory": 128,
              "alias": "zone70",
              "tags": {"role": "web"},
              "nics": [
                {
                  "nic_tag": "admin",
                  "mac": "b2:1e:ba:a5:6e:70",
                  "ips": ["10.0.2.170/24"],
                  "gateways": ["10.0.2.2"],
                  "primary": true
                }
              ]
            }
            EOF
            """));
        try
        {
            Listed(uuid);
            Changed(uuid);
            NicsChanged(uuid);
            SnapshotsAndStates(uuid);
        }
        finally
        {
            Assert.Contains($"Successfully deleted VM {uuid}", Zone.Run("vmadm", "delete", uuid).ErrorOutput);
        }
        Fails(1, Zone.Run("vmadm", "get", uuid));
        AssertConsistent();
    }

    private void Listed(string uuid)
    {
        const string columns = "uuid,type,ram,quota,cpu_shares,zfs_io_priority";
        Assert.StartsWith("UUID                                  TYPE  RAM      STATE             ALIAS\n", Do("vmadm list"));
        string[] lines = [.. Lines(Do($"vmadm list -o {columns} -s -ram,cpu_shares type=OS ram=~^1"))];
        Assert.Equal("UUID                                  TYPE  RAM      QUOTA  CPU_SHARE  IO_PRIORITY", lines[0]);
        Assert.Contains($"{uuid}  OS    128      20     100        30", lines);
        Assert.All(lines.Skip(1), line => Assert.Matches("  OS    1[0-9]* ", line));
        Assert.Contains($"{uuid}:10.0.2.170", Lines(Do("vmadm list -p -o uuid,nics.0.ip")));
        Assert.Equal(uuid, Do("vmadm list -H -o uuid alias=zone70"));
        Assert.Equal(uuid, Do("vmadm lookup alias=~zone7"));
        Assert.Equal("zone70 OS 128", Do("vmadm lookup -j alias=~zone7 | json -a alias type ram"));
        Assert.Equal(uuid, Do("vmadm lookup ram=128 alias=~^[yz]"));
        Assert.Equal(uuid, Do("vmadm lookup nics.*.ip=10.0.2.170"));
        Assert.Equal(uuid, Do("vmadm lookup -j nics.*.ip=10.0.2.170 | json 0.uuid"));
        Assert.Equal(uuid, Do("vmadm lookup tags.role=web"));
        Assert.Equal(uuid, Do($"vmadm get {uuid} | json uuid"));
    }

    private void Changed(string uuid)
    {
        Assert.Equal("20", Do($"vmadm get {uuid} | json quota"));
        Assert.EndsWith("20G    local", Do($"zfs get quota zones/{uuid}"));
        Assert.Contains($"Successfully updated VM {uuid}", Said($"vmadm update {uuid} quota=40"));
        Assert.Equal("40", Do($"vmadm get {uuid} | json quota"));
        Assert.EndsWith("40G    local", Do($"zfs get quota zones/{uuid}"));
        Said($"echo '{{\"cpu_shares\": 200}}' | vmadm update {uuid}");
        Assert.Equal($"{uuid}  OS    128      40     200        running           zone70",
            Do($"vmadm list -o uuid,type,ram,quota,cpu_shares,state,alias alias=zone70 | tail -1"));
        Said($"echo '{{\"set_tags\": {{\"role\": \"db\"}}, \"set_customer_metadata\": {{\"note\": \"x y\"}}}}' > /var/tmp/set.json; vmadm update {uuid} -f /var/tmp/set.json; rm /var/tmp/set.json");
        Assert.Equal("db x y", Do($"vmadm get {uuid} | json -a tags.role customer_metadata.note"));
        Do($"mkdir -p /opt/guide/{uuid} && echo kept > /opt/guide/{uuid}/note");
        Said($$"""
            vmadm update {{uuid}} <<EOF
            {
              "add_filesystems": [
                {
                  "source": "/opt/guide/{{uuid}}",
                  "target": "/var/log",
                  "type": "lofs",
                  "options": [
                    "nodevice"
                  ]
                }
              ]
            }
            EOF
            """);
        Assert.Equal("/var/log", Do($"vmadm get {uuid} | json filesystems.0.target"));
    }

    private void NicsChanged(string uuid)
    {
        Said($$"""
            cat > /var/tmp/add_nic.json <<'EOF'
            {
                "add_nics": [
                    {
                        "physical": "net1",
                        "index": 1,
                        "nic_tag": "admin",
                        "mac": "b2:1e:ba:a5:6e:71",
                        "ip": "10.0.2.171",
                        "netmask": "255.255.255.0",
                        "gateway": "10.0.2.2"
                    }
                ]
            }
            EOF
            cat /var/tmp/add_nic.json | vmadm update {{uuid}}
            """);
        Assert.Equal("net0 b2:1e:ba:a5:6e:70 10.0.2.170 true\nnet1 b2:1e:ba:a5:6e:71 10.0.2.171",
            string.Join('\n', Lines(Do($"vmadm get {uuid} | json nics | json -a interface mac ip primary"))));
        Said($"echo '{{\"update_nics\": [{{\"mac\": \"b2:1e:ba:a5:6e:71\", \"ip\": \"10.0.2.172\"}}]}}' > /var/tmp/update_nic.json; cat /var/tmp/update_nic.json | vmadm update {uuid}");
        Said($"vmadm reboot {uuid}");
        Zone.WaitForZone(Guid.Parse(uuid), Suite.Patient(60));
        Assert.Contains("10.0.2.172/24", Do($"zlogin {uuid} ip -4 -o address show net1"));
        Assert.Equal("kept", Do($"zlogin {uuid} cat /var/log/note"));
        Said($$"""
            vmadm update {{uuid}} << EOF
            {
              "update_nics": [
                {
                  "mac": "b2:1e:ba:a5:6e:71",
                  "allow_dhcp_spoofing": true
                }
              ]
            }
            EOF
            """);
        Assert.Equal("true", Do($"vmadm get {uuid} | json nics.1.allow_dhcp_spoofing"));
        Said($"echo '{{\"remove_nics\": [\"b2:1e:ba:a5:6e:71\"]}}' | vmadm update {uuid}");
        Assert.Equal("b2:1e:ba:a5:6e:70", Do($"vmadm get {uuid} | json nics | json -a mac"));
        Do("rm /var/tmp/add_nic.json /var/tmp/update_nic.json");
    }

    private void SnapshotsAndStates(string uuid)
    {
        Said($"zlogin {uuid} 'echo before > /root/state'; vmadm create-snapshot {uuid} before");
        Assert.Equal("before", Do($"vmadm get {uuid} | json snapshots | json -a name"));
        Said($"zlogin {uuid} 'echo after > /root/state'; vmadm rollback-snapshot {uuid} before; vmadm delete-snapshot {uuid} before");
        Zone.WaitForZone(Guid.Parse(uuid), Suite.Patient(60));
        Assert.Equal("before", Do($"zlogin {uuid} cat /root/state"));
        Said($"vmadm stop {uuid}");
        Assert.Equal("stopped", Do($"vmadm get {uuid} | json state"));
        Said($"vmadm start {uuid}");
        Assert.Equal("running", Do($"vmadm get {uuid} | json state"));
    }

    [Fact]
    public void An_LX_zone_is_made_from_a_definition_file()
    {
        _ = Suite.LxZone; // whose image is there then
        string image = Suite.ImageUuid("debian-13").ToString();
        Assert.Contains(image, Do("imgadm avail type=lx-dataset"));
        Do($$"""
            cat > /tmp/myvmspec <<'EOF'
            {
              "brand": "lx",
              "image_uuid": "{{image}}",
              "kernel_version": "5.10.0",
              "alias": "guide-lx",
              "max_physical_memory": 512,
              "quota": 10,
              "resolvers": ["10.0.2.3"],
              "nics": [{"nic_tag": "admin", "ip": "dhcp", "primary": true}]
            }
            EOF
            """);
        string uuid = Made(Suite.Main.Qemu.Ssh.RunScript("vmadm create -f /tmp/myvmspec", Suite.Patient(120)));
        try
        {
            Assert.Equal("5.10.0", Do($"zlogin {uuid} uname -r"));
            Assert.Equal("lx guide-lx linux", Do($"vmadm get {uuid} | json -a brand alias | xargs -I@ echo @ $(imgadm get {image} | json manifest.os)"));
        }
        finally
        {
            Do($"vmadm delete {uuid}; rm /tmp/myvmspec");
        }
    }

    [Fact]
    public void A_zone_is_moved_by_hand_and_by_send_and_receive()
    {
        string uuid = Made(Zone.RunWith(Payloads.Bare("mover70", Guid.Parse(_image)).ToJsonString(), "vmadm", "create"));
        try
        {
            Zone.WaitForZone(Guid.Parse(uuid), Suite.Patient(60));
            Do($"zlogin {uuid} 'echo moved > /root/note'; vmadm stop {uuid}");
            Do($"cd /var/tmp; zonecfg -z {uuid} export > {uuid}.zcfg; zfs snapshot -r zones/{uuid}@migration");
            Do($"zfs send -R -I zones/{_image}@final zones/{uuid}@migration > /var/tmp/increment.zfs; zfs send -R zones/{uuid}@migration > /var/tmp/full.zfs");
            foreach (string stream in new[] { "increment", "full" })
            {
                // The other compute node is this one, once the zone is gone from it.
                Do($"vmadm delete {uuid}");
                Do($"cd /var/tmp; zonecfg -z {uuid} -f {uuid}.zcfg");
                Assert.Contains($":{uuid}:configured:", Do($"zoneadm list -cp"));
                Do($"cat /var/tmp/{stream}.zfs | zfs recv -d zones");
                Do($"zoneadm -z {uuid} attach");
                Assert.Equal("stopped mover70", Do($"vmadm get {uuid} | json -a state alias"));
            }
            Do($"vmadm start {uuid}");
            Zone.WaitForZone(Guid.Parse(uuid), Suite.Patient(60));
            Assert.Equal("moved", Do($"zlogin {uuid} cat /root/note"));

            Do($"vmadm send {uuid} > /var/tmp/{uuid}.vm");
            Do($"vmadm delete {uuid}");
            Do($"cat /var/tmp/{uuid}.vm | vmadm receive; vmadm install {uuid}");
            Do($"vmadm start {uuid}");
            Zone.WaitForZone(Guid.Parse(uuid), Suite.Patient(60));
            Assert.Equal("moved", Do($"zlogin {uuid} cat /root/note"));
        }
        finally
        {
            Zone.Shell($"vmadm delete {uuid}; rm -f /var/tmp/*.zfs /var/tmp/{uuid}.*");
        }
        AssertConsistent();
    }

    [Fact]
    public void An_image_is_made_of_a_zone_and_installed()
    {
        string uuid = Made(Zone.RunWith(Payloads.Bare("golden", Guid.Parse(_image)).ToJsonString(), "vmadm", "create"));
        string image = Guid.NewGuid().ToString();
        try
        {
            Do($$"""
                cd /var/tmp
                vmadm stop {{uuid}}
                zfs snapshot zones/{{uuid}}@image
                zfs send zones/{{uuid}}@image | gzip > golden.zfs.gz
                cat > golden.json <<EOF
                {
                  "v": 2,
                  "uuid": "{{image}}",
                  "owner": "00000000-0000-0000-0000-000000000000",
                  "name": "golden",
                  "version": "1.0.0",
                  "state": "active",
                  "public": false,
                  "published_at": "$(date +"%Y-%m-%dT%T.000Z")",
                  "type": "zone-dataset",
                  "os": "smartos",
                  "description": "made by hand",
                  "files": [{"path": "golden.zfs.gz", "sha1": "$(digest -a sha1 golden.zfs.gz)", "size": $(stat -c %s golden.zfs.gz), "compression": "gzip"}]
                }
                EOF
                imgadm install -m golden.json -f golden.zfs.gz
                """);
            Assert.Contains(image, Do("imgadm list | grep golden"));
        }
        finally
        {
            Zone.Shell($"vmadm delete {uuid}; imgadm delete {image}; rm -f /var/tmp/golden.*");
        }
        AssertConsistent();
    }

    [Fact]
    public void Json_runs_code_and_shows_what_is_asked_for()
    {
        Assert.Equal(_image, Do("imgadm list -j | json -a -c 'this.manifest.name==\"lumos-base\"' -c 'this.manifest.type==\"zone-dataset\"' manifest.uuid"));
        Assert.Matches("^[0-9]+$", Do("sysinfo | json 'MiB of Memory'"));
        Assert.Equal("2 3", Do("echo '{\"x\":1}' | json -e 'this.x=2' -e 'this.y=this.x+1' -a x y"));
        Assert.Equal("2", Do("printf '{\"a\":1}\\n{\"a\":2}\\n' | json -ga -c 'var b=this.a; return b>1' a"));
        Assert.Contains("ReferenceError", Fails(1, Zone.Shell("echo '{}' | json -c nosuch")));
        Assert.Equal("{\"a\":1,\"b\":[2]}", Do("cd /tmp; echo '{\"a\":1}' > j.json; json -I -0 -f j.json -e 'this.b=[2]'; cat j.json; rm j.json"));
        Assert.Equal(Suite.NativeZone.ToString(), Do($"zlogin {Suite.NativeZone} 'echo \"{{\\\"u\\\":\\\"$(zonename)\\\"}}\" | json u'"));
    }

    /// <summary>Types it; each command has to succeed.</summary>
    private string Do(string script) => Ok(Zone.Shell("set -e\n" + script));

    /// <summary>The same; what it says on standard error.</summary>
    private string Said(string script)
    {
        var run = Zone.Shell("set -e\n" + script);
        Ok(run);
        return run.ErrorOutput;
    }

    /// <summary>The UUID that vmadm create ends with.</summary>
    private static string Made(Lumos.Machine.CommandResult run)
    {
        Ok(run);
        string last = run.ErrorOutput.Trim().Split('\n')[^1];
        Assert.Matches("^Successfully created VM [0-9a-f-]{36}$", last);
        return last[^36..];
    }
}
