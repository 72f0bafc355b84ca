using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Create;
using Lumos.Vm.Payload;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests;

public sealed class CreateTests : IDisposable
{
    private const string First = "aaaaaaaa-0000-4000-8000-000000000001";

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void A_create_clones_writes_boots_and_says_so_on_stderr()
    {
        var run = _machine.Vmadm($$"""
            {"brand": "joyent", "image_uuid": "{{TestMachine.NativeImage}}", "alias": "web: 1", "ram": 512, "quota": 20,
             "resolvers": ["8.8.8.8"], "hostname": "web", "tags": {"role": "www"}, "customer_metadata": {"k": "v"},
             "nics": [{"nic_tag": "admin", "ip": "10.0.0.5", "netmask": "255.255.255.0", "gateway": "10.0.0.1"}, {"nic_tag": "admin", "ip": "dhcp"}]}
            """, "create");
        Assert.Equal((0, "", $"Successfully created VM {First}\n"), (run.Status, run.Out, run.Error));

        var vm = _machine.Get(First);
        Assert.Equal("running", (string?)vm["state"]);
        Assert.Equal("web: 1", (string?)vm["alias"]);
        Assert.Equal(20, (int)vm["quota"]!);
        Assert.Equal((512, 512, 512, 512), ((int)vm["ram"]!, (int)vm["max_physical_memory"]!, (int)vm["max_swap"]!, (int)vm["tmpfs"]!));
        Assert.Equal("""{"role":"www"}""", vm["tags"]!.ToJsonString());
        Assert.Equal("""
            [{"interface":"net0","mac":"02:00:00:00:00:01","nic_tag":"admin","gateway":"10.0.0.1","gateways":["10.0.0.1"],"netmask":"255.255.255.0","ip":"10.0.0.5","ips":["10.0.0.5/24"],"primary":true},{"interface":"net1","mac":"02:00:00:00:00:02","nic_tag":"admin","ip":"dhcp","ips":["dhcp"]}]
            """, vm["nics"]!.ToJsonString());
        Assert.False(vm.ContainsKey("provisioning"));

        string root = _machine.At($"zones/{First}/root");
        Assert.Equal("web\n", File.ReadAllText(root + "/etc/hostname"));
        Assert.Equal("search local\nnameserver 8.8.8.8\n", File.ReadAllText(root + "/etc/resolv.conf"));
        Assert.Equal((20L << 30).ToString(), _machine.Datasets.GetProperties(DatasetName.Parse("zones/" + First), "quota")["quota"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void However_a_root_comes_to_the_disk_it_is_the_same(bool byOneFlush)
    {
        _machine.Datasets.EachIsAFileSystem = byOneFlush;
        Assert.Equal(0, _machine.Vmadm($$"""{"image_uuid": "{{TestMachine.NativeImage}}", "resolvers": ["8.8.8.8"], "hostname": "web", "autoboot": false}""", "create").Status);
        string zone = _machine.At($"zones/{First}");
        Assert.Equal(["metadata.json", "routes.json", "tags.json"], Directory.GetFiles(zone + "/config").Select(Path.GetFileName).Order());
        Assert.Equal(("web\n", "search local\nnameserver 8.8.8.8\n", ""),
            (File.ReadAllText(zone + "/root/etc/hostname"), File.ReadAllText(zone + "/root/etc/resolv.conf"), File.ReadAllText(zone + "/root/var/svc/provisioning")));
        Assert.DoesNotContain(Directory.GetFiles(zone, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }), file => file.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void A_VM_goes_to_the_systems_pool_unless_its_payload_names_one()
    {
        string Pool(JsonObject payload) => Normaliser.Create(payload, "joyent", "tank", new TestMachine.CountingIdentities(), DateTimeOffset.UnixEpoch, new PayloadReport()).Zpool;

        Assert.Equal("tank", Pool([]));
        Assert.Equal("fast", Pool(new JsonObject { ["zpool"] = "fast" }));
        Assert.Equal("fast", Pool(new JsonObject { ["zfs_storage_pool_name"] = "fast" }));
    }

    [Fact]
    public void The_plan_names_each_step_and_its_undo()
    {
        var report = new PayloadReport();
        var payload = JsonNode.Parse($$"""{"image_uuid": "{{TestMachine.NativeImage}}", "zfs_root_compression": "lz4", "resolvers": ["1.1.1.1"]}""")!.AsObject();
        var (vm, facts) = new VmCreator(_machine.Host).Prepare(payload, report);
        Assert.True(report.CanGoOn, report.Describe());
        Assert.Equal($"""
            1. enter zone {First} as incomplete  [undo: remove its configuration]
            2. clone zones/{TestMachine.NativeImage}@final to zones/{First} (canmount=on compression=lz4 devices=off mountpoint=/zones/{First} quota=10737418240)  [undo: destroy zones/{First}]
            3. write /zones/{First}/config/*.json
            4. write hostname, hosts, resolv.conf, first boot marker in /zones/{First}/root
            5. set its state to installed
            6. boot  [undo: halt]

            """, CreatePlan.For(vm!, facts!).Render().Replace(_machine.Root, "").ReplaceLineEndings("\n"));
    }

    [Fact]
    public void All_faults_are_told_at_once_and_nothing_is_made()
    {
        var run = _machine.Vmadm("""
            {"brand": "joyent", "quota": "many", "hostname": "a b",
             "nics": [{"nic_tag": "external", "ip": "10.0.0.5"}]}
            """, "create");
        Assert.Equal((1, ""), (run.Status, run.Out));
        Assert.Equal("""
            Invalid value(s) for: quota,nics.*.netmask,hostname,nics.*.nic_tag
            Missing required properties: image_uuid
              quota "many" is not a whole number
              image_uuid names the image a VM of brand joyent is cloned from ("imgadm list" shows them)
              nics.*.netmask is needed with ip 10.0.0.5
              hostname "a b" is not a host name
              nics.*.nic_tag "external" is no nic tag of this machine (admin)

            """.ReplaceLineEndings("\n"), run.Error);
        Assert.Empty(_machine.Host.Zones.ReadIndex().Zones);
    }

    [Fact]
    public void What_is_not_acted_on_yet_is_refused_by_name()
    {
        var run = _machine.Vmadm($$"""{"brand": "lx", "image_uuid": "{{TestMachine.LxImage}}", "kernel_version": "6.12.0", "filesystems": [{"source": "/tmp", "target": "/mnt", "type": "lofs", "raw": "/dev/x"}]}""", "create");
        Assert.Equal(1, run.Status);
        Assert.Contains("filesystems.*.raw is not acted on yet: leave it out", run.Error);
    }

    [Fact]
    public void What_SmartOS_drops_or_bends_is_warned_of_and_strict_refuses_it()
    {
        string payload = $$"""{"image_uuid": "{{TestMachine.NativeImage}}", "rma": 5, "ram": 512, "max_swap": 128, "cpu_shares": 99999}""";
        var strict = _machine.Vmadm(payload, "create", "--strict");
        Assert.Equal(1, strict.Status);
        Assert.Contains("rma", strict.Error);
        Assert.Empty(_machine.Host.Zones.ReadIndex().Zones);

        var run = _machine.Vmadm(payload, "create");
        Assert.Equal(0, run.Status);
        string uuid = run.Error.Trim().Split(' ')[^1];
        Assert.Equal($"""
            Warning: "rma" is not a property vmadm knows, and is left out
            Warning: max_swap: 128 given, 512 used (it cannot be less than max_physical_memory or 256)
            Warning: cpu_shares: 99999 given, 65535 used (it cannot be more)
            Successfully created VM {uuid}

            """.ReplaceLineEndings("\n"), run.Error);
        Assert.Equal(512, (int)_machine.Get(uuid)["max_swap"]!);
    }

    [Fact]
    public void Defaults_of_what_is_not_acted_on_are_accepted()
    {
        var run = _machine.Vmadm($$"""
            {"image_uuid": "{{TestMachine.NativeImage}}", "brand": "joyent", "delegate_dataset": "false", "max_physical_memory": 512,
             "max_locked_memory": 512, "zfs_io_priority": 100, "firewall_enabled": 0, "routes": {}, "filesystems": []}
            """, "create");
        Assert.Equal(0, run.Status);
    }

    [Theory]
    [InlineData("lx", TestMachine.NativeImage, "is of type zone-dataset")]
    [InlineData("joyent", TestMachine.LxImage, "is of type lx-dataset")]
    [InlineData("joyent", "33333333-3333-4333-8333-333333333333", "imgadm import")]
    public void The_image_must_be_there_and_fit_the_brand(string brand, string image, string says)
    {
        var run = _machine.Vmadm($$"""{"brand": "{{brand}}", "kernel_version": "6.12", "image_uuid": "{{image}}"}""", "create");
        Assert.Equal(1, run.Status);
        Assert.Contains(says, run.Error.Replace(" (lumos-base 1.0)", "").Replace(" (debian-13 1.0)", ""));
    }

    [Theory]
    [InlineData(512, 1024, null, "asks for at least 1024 MiB; this is 512")]
    [InlineData(512, null, 256, "asks for at most 256 MiB; this is 512")]
    [InlineData(512, 512, 512, null)]
    public void What_memory_an_image_asks_for_is_honoured(int memory, int? least, int? most, string? says)
    {
        _machine.LxImageAsks = (least, most);
        var run = _machine.Vmadm($$"""{"brand": "lx", "kernel_version": "6.12", "image_uuid": "{{TestMachine.LxImage}}", "max_physical_memory": {{memory}}, "autoboot": false}""", "create");
        Assert.Equal(says is null ? 0 : 1, run.Status);
        Assert.Contains(says ?? "", run.Error);
    }

    [Fact]
    public void An_address_in_use_is_refused_and_the_user_named()
    {
        string first = _machine.Create(""", "nics": [{"nic_tag": "admin", "ips": ["10.0.0.5/24"]}]""");
        var run = _machine.Vmadm($$"""
            {"image_uuid": "{{TestMachine.NativeImage}}", "nics": [{"nic_tag": "admin", "ips": ["10.0.0.5/16"], "mac": "02:00:00:00:00:01"}]}
            """, "create");
        Assert.Equal(1, run.Status);
        Assert.Contains($"10.0.0.5 on nic tag admin is in use by VM {first}", run.Error);
        Assert.Contains($"02:00:00:00:00:01 is in use by VM {first}", run.Error);
    }

    [Theory]
    [InlineData("clone")]
    [InlineData("boot")]
    public void A_failure_at_any_step_leaves_nothing(string where)
    {
        if (where == "boot")
        {
            _machine.Runtime.BootFailure = new LumosException("ZoneBootFailed", "no such init");
        }
        else
        {
            _machine.BeforeDataset = (operation, name) => _ = operation == where ? throw new LumosException("Full", $"{name}: the pool is full") : 0;
        }
        var run = _machine.Vmadm($$"""{"image_uuid": "{{TestMachine.NativeImage}}"}""", "create");
        Assert.Equal(1, run.Status);
        Assert.EndsWith(where == "boot" ? "no such init\n" : "the pool is full\n", run.Error);
        Assert.Empty(_machine.Host.Zones.ReadIndex().Zones);
        Assert.False(_machine.Datasets.Exists(DatasetName.Parse("zones/" + First)));
        Assert.Equal(1, _machine.Vmadm(null, "get", First).Status);
    }

    [Fact]
    public void A_first_boot_that_reports_failure_leaves_the_VM_failed_and_says_how_to_get_out()
    {
        _machine.Runtime.OnBoot = spec =>
            File.Move(Path.Combine(spec.RootPath, "var/svc/provisioning"), Path.Combine(spec.RootPath, "var/svc/provision_failure"));
        var run = _machine.Vmadm($$"""{"image_uuid": "{{TestMachine.NativeImage}}"}""", "create");
        Assert.Equal(1, run.Status);
        Assert.Contains("vmadm delete", run.Error);
        Assert.Equal("failed", (string?)_machine.Get(First)["state"]);
        Assert.Equal(0, _machine.Vmadm(null, "delete", First).Status);
    }

    [Fact]
    public void A_first_boot_that_takes_too_long_is_failed()
    {
        _machine.Runtime.OnBoot = null;
        var run = _machine.Vmadm($$"""{"image_uuid": "{{TestMachine.NativeImage}}", "mdata_exec_timeout": 1}""", "create");
        Assert.Equal(1, run.Status);
        Assert.Contains("did not end within 1 seconds", run.Error);
        Assert.Equal("failed", (string?)_machine.Get(First)["state"]);
    }

    [Fact]
    public async Task The_end_of_the_first_boot_is_noticed_when_it_comes()
    {
        var marker = new TaskCompletionSource<string>();
        _machine.Runtime.OnBoot = spec => marker.SetResult(Path.Combine(spec.RootPath, "var/svc/provisioning"));
        var run = Task.Run(() => _machine.Vmadm($$"""{"image_uuid": "{{TestMachine.NativeImage}}"}""", "create"));
        string path = await marker.Task;
        Assert.Equal("provisioning", (string?)_machine.Get(First)["state"]);
        File.Move(path, path.Replace("provisioning", "provision_success"));
        Assert.Equal(0, (await run.WaitAsync(TimeSpan.FromSeconds(30))).Status);
        Assert.Equal("running", (string?)_machine.Get(First)["state"]);
    }

    [Fact]
    public void The_marker_is_never_written_through_a_link_of_the_image()
    {
        string outside = _machine.At("outside");
        Directory.CreateDirectory(outside);
        _machine.BeforeDataset = (operation, name) =>
        {
            if (operation == "clone")
            {
                Directory.CreateDirectory(_machine.At(name + "/root/var"));
                File.CreateSymbolicLink(_machine.At(name + "/root/etc"), outside);
                File.CreateSymbolicLink(_machine.At(name + "/root/var/svc"), outside);
            }
        };
        var run = _machine.Vmadm($$"""{"image_uuid": "{{TestMachine.NativeImage}}", "autoboot": false}""", "create");
        Assert.Equal(1, run.Status);
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
    }

    [Theory]
    [InlineData("root", 1)]
    [InlineData("config", 0)]
    [InlineData("logs", 0)]
    [InlineData("cores", 0)]
    public void No_link_beside_the_root_of_an_image_is_followed(string name, int status)
    {
        string outside = _machine.At("outside");
        Directory.CreateDirectory(Path.Combine(outside, "etc"));
        _machine.BeforeDataset = (operation, dataset) =>
        {
            if (operation == "mount")
            {
                string entry = _machine.At($"{dataset}/{name}");
                if (Directory.Exists(entry))
                {
                    Directory.Delete(entry, recursive: true);
                }
                File.CreateSymbolicLink(entry, outside);
            }
        };
        var run = _machine.Vmadm($$"""{"image_uuid": "{{TestMachine.NativeImage}}", "autoboot": false}""", "create");
        Assert.Equal(status, run.Status);
        Assert.Equal([Path.Combine(outside, "etc")], Directory.EnumerateFileSystemEntries(outside, "*", SearchOption.AllDirectories));
        if (status != 0)
        {
            Assert.Contains("holds no directory \"root\"", run.Error);
        }
    }

    [Fact]
    public void What_an_image_holds_beside_its_root_is_nothing_of_the_VMs()
    {
        _machine.BeforeDataset = (operation, dataset) =>
        {
            if (operation == "mount")
            {
                Directory.CreateDirectory(_machine.At($"{dataset}/config"));
                File.WriteAllText(_machine.At($"{dataset}/config/routes.json"), """{"10.9.9.0/24": "10.88.0.66"}""");
            }
        };
        string uuid = _machine.Create(""", "autoboot": false""");
        Assert.Empty(_machine.Get(uuid)["routes"]?.AsObject() ?? []);
    }

    [Fact]
    public void Without_autoboot_the_VM_is_stopped_and_nothing_is_awaited()
    {
        string uuid = _machine.Create(""", "autoboot": false""");
        Assert.Equal("stopped", (string?)_machine.Get(uuid)["state"]);
        Assert.Empty(_machine.Runtime.Calls);
        Assert.Equal(ZoneState.Installed, _machine.Host.Loader.Entry(uuid)!.State);
    }

    [Theory]
    [InlineData("{\"a\": }", "at line 1, column 7")]
    [InlineData("[]", "not an object")]
    [InlineData("{\"a\":1} x", "at line 1")]
    [InlineData("{\"a\":1,\"a\":2}", "twice")]
    public void A_payload_that_is_not_JSON_is_named_with_its_place(string text, string says)
    {
        var run = _machine.Vmadm(text, "create");
        Assert.Equal(1, run.Status);
        Assert.Contains("Invalid JSON payload", run.Error);
        Assert.Contains(says, run.Error);
    }

    [Fact]
    public void A_terminal_is_refused_as_input()
    {
        var run = _machine.Vmadm(null, "create");
        Assert.Equal(2, run.Status);
        Assert.StartsWith("Will not create from stdin when stdin is a tty.\nUsage: vmadm", run.Error);
    }
}
