using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Linux;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>What the machine refuses: each is told in a sentence with the object and its cause, and leaves nothing behind.</summary>
public sealed class FaultTests : IDisposable
{
    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    public static TheoryData<string, string> Refusals => new()
    {
        { "clone", "out of space" },
        { "mount", "dataset is busy" },
        { "clone", "quota exceeded" },
        { "clone", "read-only file system" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void A_pool_that_refuses_leaves_nothing_of_a_create(string operation, string says)
    {
        _machine.KeepsMountpoints = true;
        _machine.BeforeDataset = (what, name) => _ = what == operation ? throw new DatasetException(DatasetException.FailedCode, name, $"{name}: {says}") : 0;
        Fails($$"""{"image_uuid": "{{TestMachine.NativeImage}}"}""", says);
    }

    [Fact]
    public void A_file_of_the_root_that_cannot_be_written_leaves_nothing_of_a_create()
    {
        _machine.KeepsMountpoints = true;
        _machine.FillRoot = root => PutInTheWay(Path.Combine(root, "etc"));
        Fails($$"""{"image_uuid": "{{TestMachine.NativeImage}}"}""", "etc");
    }

    [Theory]
    [InlineData(Errno.ENOSPC)]
    [InlineData(Errno.EDQUOT)]
    [InlineData(Errno.EROFS)]
    public void A_boot_that_finds_no_room_leaves_nothing_of_a_create(int errno)
    {
        _machine.Runtime.BootFailure = new LumosException("ZoneBootFailed", "zone could not be booted", inner: new ErrnoException("write", errno));
        Fails($$"""{"image_uuid": "{{TestMachine.NativeImage}}"}""", Errno.Text(errno));
    }

    [Fact]
    public void An_update_that_the_pool_refuses_changes_nothing()
    {
        string uuid = _machine.Create(""", "alias": "before", "quota": 5""");
        string before = Shown(uuid);
        _machine.BeforeDataset = (what, name) => _ = what == "set" ? throw new DatasetException(DatasetException.FailedCode, name, $"{name}: size is less than current used space") : 0;
        var run = _machine.Vmadm(null, "update", uuid, "quota=1", "alias=after");
        Assert.Equal(1, run.Status);
        Assert.Contains("size is less than current used space", run.Error);
        Assert.Equal(before, Shown(uuid));
    }

    /// <summary>Less memory than a zone has in use, where the kernel will not have it.</summary>
    [Fact]
    public void A_limit_that_a_running_zone_cannot_be_given_is_told_as_what_it_is()
    {
        string uuid = _machine.Create();
        _machine.Runtime.LimitFailure = new IOException("Device or resource busy");
        var run = _machine.Vmadm(null, "update", uuid, "max_physical_memory=128");
        Assert.Equal((1, $"VM {uuid} is changed and has it all when it next boots, but as it runs it could not be given it: Device or resource busy\n"), (run.Status, run.Error));
        Assert.Equal(128, (int)_machine.Get(uuid)["max_physical_memory"]!);
        Assert.Empty(Orphans.Of(_machine));
    }

    [Fact]
    public void A_VM_that_has_used_up_its_quota_is_told_with_the_way_out()
    {
        var told = Assert.Throws<LumosException>(() => ZoneRoom.Write("u", () => throw new ErrnoException("write x", Errno.EDQUOT)));
        Assert.Equal("NoRoom", told.Code);
        Assert.Contains("\"vmadm update u quota=N\" gives it more", told.Message, StringComparison.Ordinal);
        Assert.IsType<ErrnoException>(Record.Exception(() => ZoneRoom.Write("u", () => throw new ErrnoException("write x", Errno.EROFS))));

        // What is kept with a snapshot is not written again where it says the same.
        string uuid = _machine.Create(), kept = _machine.At($"zones/{uuid}/config/zone.xml");
        Assert.Equal(0, _machine.Vmadm(null, "create-snapshot", uuid, "one").Status);
        File.SetLastWriteTimeUtc(kept, DateTime.UnixEpoch);
        Assert.Equal(0, _machine.Vmadm(null, "create-snapshot", uuid, "two").Status);
        Assert.Equal(DateTime.UnixEpoch, File.GetLastWriteTimeUtc(kept));
        _machine.Vmadm(null, "update", uuid, "alias=other");
        Assert.Equal(0, _machine.Vmadm(null, "create-snapshot", uuid, "three").Status);
        Assert.NotEqual(DateTime.UnixEpoch, File.GetLastWriteTimeUtc(kept));
    }

    [Fact]
    public void An_update_whose_second_half_fails_takes_the_first_back()
    {
        string uuid = _machine.Create(""", "alias": "before", "quota": 5, "tags": {"a": 1}""");
        string before = Shown(uuid);
        string config = _machine.At($"zones/{uuid}/config");
        Directory.Move(config, config + ".away");
        var run = _machine.Vmadm("""{"quota": 7, "alias": "after", "set_tags": {"a": 2}}""", "update", uuid);
        Directory.Move(config + ".away", config);
        Assert.Equal(1, run.Status);
        Assert.Equal(before, Shown(uuid));
    }

    [Theory]
    [InlineData("zones", "available", "2048", "pool zones is full (2 KiB left): delete snapshots")]
    [InlineData("zones", "readonly", "on", "pool zones is read-only: \"zpool export zones\"")]
    [InlineData("zones/UUID", "quota", "1048576", "VM UUID has used up its quota of 1 MiB: remove files in it")]
    public void What_the_storage_lacks_is_said_with_the_way_out(string dataset, string property, string value, string says)
    {
        string uuid = _machine.Create();
        _machine.Vmadm(null, "stop", uuid);
        _machine.Datasets.SetProperties(DatasetName.Parse(dataset.Replace("UUID", uuid, StringComparison.Ordinal)), new Dictionary<string, string> { [property] = value });
        says = says.Replace("UUID", uuid, StringComparison.Ordinal);

        // By the word of a tool, which tells no reasons that programs could read; by the kernel's; and not where the storage is not asked.
        _machine.BeforeDataset = (what, name) => _ = what == "snapshot" ? throw DatasetException.Failed(name, "take a snapshot of", new IOException("it says no")) : 0;
        var run = _machine.Vmadm(null, "create-snapshot", uuid, "s");
        Assert.Equal(1, run.Status);
        Assert.Contains("it says no; " + says, run.Error);
        Assert.Contains($"\"code\": \"SnapshotFailed\"", _machine.Vmadm(null, "create-snapshot", uuid, "s", "--json-result").Out);
        _machine.Runtime.BootFailure = new LumosException("ZoneBootFailed", "zone could not be booted", inner: new ErrnoException("write", Errno.ENOSPC));
        Assert.Contains($"{Errno.Text(Errno.ENOSPC)}; {says}", _machine.Vmadm(null, "start", uuid).Error);
        _machine.Runtime.BootFailure = new LumosException("ZoneBootFailed", "zone could not be booted");
        Assert.DoesNotContain(says, _machine.Vmadm(null, "start", uuid).Error);
    }

    [Fact]
    public void A_failure_that_is_not_the_storages_says_nothing_of_it()
    {
        string uuid = _machine.Create();
        _machine.BeforeDataset = (what, name) => _ = what == "snapshot" ? throw DatasetException.Failed(name, "take a snapshot of", new IOException("it says no")) : 0;
        Assert.EndsWith("it says no", _machine.Vmadm(null, "create-snapshot", uuid, "s").Error.Trim(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_image_and_a_missing_tag_are_told_before_anything_is_made()
    {
        Fails("""{"image_uuid": "33333333-3333-4333-8333-333333333333"}""", "imgadm import");
        Fails($$"""{"image_uuid": "{{TestMachine.NativeImage}}", "nics": [{"nic_tag": "gone", "ip": "dhcp"}]}""", "\"gone\" is no nic tag");
    }

    [Theory]
    [InlineData("start")]
    [InlineData("reboot")]
    public void A_tag_that_went_away_is_told_at_start_and_reboot_and_nothing_is_stopped(string verb)
    {
        string uuid = _machine.Create(""", "nics": [{"nic_tag": "admin", "ip": "dhcp"}]""");
        if (verb == "start")
        {
            _machine.Vmadm(null, "stop", uuid);
        }
        string state = (string)_machine.Get(uuid)["state"]!;
        _machine.HasAdminTag = false;
        var run = _machine.Vmadm(null, verb, uuid);
        Assert.Equal(1, run.Status);
        Assert.Contains("nic tag \"admin\" of net0 is not on this machine any more", run.Error);
        Assert.Equal(state, (string?)_machine.Get(uuid)["state"]);
    }

    [Fact]
    public void An_address_that_is_taken_is_refused_in_an_update_too_and_nothing_changes()
    {
        string first = _machine.Create(""", "nics": [{"nic_tag": "admin", "ips": ["10.0.0.5/24"]}]""");
        string second = _machine.Create(""", "nics": [{"nic_tag": "admin", "ips": ["10.0.0.6/24"], "mac": "02:00:00:00:00:99"}]""");
        string before = Shown(second);
        var run = _machine.Vmadm("""{"update_nics": [{"mac": "02:00:00:00:00:99", "ips": ["10.0.0.5/24"]}]}""", "update", second);
        Assert.Equal(1, run.Status);
        Assert.Contains($"10.0.0.5 on nic tag admin is in use by VM {first}", run.Error);
        run = _machine.Vmadm("""{"add_nics": [{"nic_tag": "admin", "ip": "dhcp", "mac": "02:00:00:00:00:99"}]}""", "update", first);
        Assert.Equal(1, run.Status);
        Assert.Contains("02:00:00:00:00:99 is in use", run.Error);
        Assert.Equal(before, Shown(second));
    }

    /// <summary>A zone's first boot is when its machine first hears of NTP: the wall clock then jumps, in either direction.</summary>
    [Theory]
    [InlineData(-20 * 365)]
    [InlineData(20 * 365)]
    public async Task A_clock_that_jumps_in_the_first_boot_neither_ends_nor_prolongs_it(int days)
    {
        var clock = new JumpingClock();
        _machine.Clock = clock;
        var booted = new TaskCompletionSource<string>();
        _machine.Runtime.OnBoot = spec => booted.SetResult(Path.Combine(spec.RootPath, "var/svc/provisioning"));
        var run = Task.Run(() => _machine.Vmadm($$"""{"image_uuid": "{{TestMachine.NativeImage}}", "mdata_exec_timeout": 60}""", "create"));
        string marker = await booted.Task;
        clock.Jump = TimeSpan.FromDays(days);
        // Something stirs beside the marker, so that whoever waits looks at the clock again.
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(marker)!, "x"), "");
        File.Delete(Path.Combine(Path.GetDirectoryName(marker)!, "x"));
        Assert.NotSame(run, await Task.WhenAny(run, Task.Delay(500)));
        File.Delete(marker);
        Assert.Equal(0, (await run).Status);
    }

    [Fact]
    public async Task A_first_boot_is_timed_out_whatever_the_clock_says()
    {
        var clock = new JumpingClock { Jump = TimeSpan.FromDays(-1000) };
        _machine.Clock = clock;
        _machine.Runtime.OnBoot = _ => clock.Jump = TimeSpan.FromDays(-2000);
        var run = Task.Run(() => _machine.Vmadm($$"""{"image_uuid": "{{TestMachine.NativeImage}}", "mdata_exec_timeout": 1}""", "create"));
        Assert.Contains("did not end within 1 seconds", (await run.WaitAsync(TimeSpan.FromSeconds(30))).Error);
    }

    private string Shown(string uuid)
    {
        var vm = _machine.Get(uuid);
        vm.Remove("last_modified"); // of the files, which were written and written back
        return vm.ToJsonString();
    }

    private void Fails(string payload, string says)
    {
        var run = _machine.Vmadm(payload, "create");
        Assert.Equal(1, run.Status);
        Assert.Contains(says, run.Error);
        Assert.Empty(Orphans.Of(_machine));
        Assert.Empty(_machine.Host.Zones.ReadIndex().Zones);
    }

    // Where a folder is to be, a file: what ENOSPC does to a later step, this does anywhere.
    private static void PutInTheWay(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "");
    }

    private sealed class JumpingClock : TimeProvider
    {
        public TimeSpan Jump { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Jump;
    }
}
