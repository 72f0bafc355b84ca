using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Archive;
using Lumos.Vm.Lifecycle;
using Xunit;

namespace Lumos.Vm.Tests;

public sealed class ArchiveTests : IDisposable
{
    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void What_tells_why_it_was_as_it_was_is_kept()
    {
        string uuid = Archived();
        _machine.Vmadm(null, "create-snapshot", uuid, "s");
        var run = _machine.Vmadm(null, "delete", uuid);
        Assert.Equal((0, $"Successfully deleted VM {uuid}\n"), (run.Status, run.Error));
        Assert.Contains($"what is left of VM {uuid} is archived in {Place(uuid)}", _machine.Said);
        var vm = JsonNode.Parse(Read(uuid, "vm.json"))!;
        Assert.Equal(("running", "web", "s"), ((string?)vm["state"], (string?)vm["tags"]!["role"], (string?)vm["snapshots"]![0]!["name"]));
        Assert.Contains($"<zone name=\"{uuid}\"", Read(uuid, "zone.xml"));
        Assert.Contains($"zones/{uuid}\tquota\t10737418240\n", Read(uuid, "zfs.dump"));
        Assert.Contains($"zones/{uuid}@vmsnap-s\tcreatetxg\t", Read(uuid, "zfs.dump"));
        Assert.Contains("\"role\": \"web\"", Read(uuid, "config/tags.json"));
        Assert.Equal("a core", Read(uuid, "cores/core.1"));
        Assert.Equal("hello", Read(uuid, "console/console.log"));
        Assert.Equal("a service", Read(uuid, "svclogs/network-ssh:default.log"));
        Assert.Equal("a message", Read(uuid, "admmsgs/messages"));
        Assert.False(File.Exists(Path.Combine(Place(uuid), "admmsgs/wtmp")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_machine.At("zones/archive")));
        Assert.Empty(Orphans.Of(_machine));
    }

    [Fact]
    public void Of_lx_the_files_of_var_log_are_kept()
    {
        string uuid = _machine.Vmadm($$"""{"brand": "lx", "image_uuid": "{{TestMachine.LxImage}}", "kernel_version": "6.1", "archive_on_delete": true}""", "create").Error.Trim().Split(' ')[^1];
        Put(uuid, "root/var/log/triton.log", "boot");
        Put(uuid, "root/var/log/journal/a/b", "binary");
        Assert.Equal(0, _machine.Vmadm(null, "delete", uuid).Status);
        Assert.Equal("boot", Read(uuid, "logs/triton.log"));
        Assert.Equal(["triton.log"], Directory.EnumerateFileSystemEntries(Path.Combine(Place(uuid), "logs")).Select(p => Path.GetFileName(p)));
    }

    [Fact]
    public void Nothing_a_tenant_can_plant_leads_out_or_fills_the_archive()
    {
        string uuid = Archived();
        string secret = _machine.At("secret"), logs = _machine.At($"zones/{uuid}/root/var/svc/log");
        File.WriteAllText(secret, "of the machine");
        File.CreateSymbolicLink(Path.Combine(logs, "link.log"), secret);
        Directory.CreateDirectory(Path.Combine(logs, "folder"));
        _ = System.Diagnostics.Process.Start("mkfifo", Path.Combine(logs, "pipe"))!.WaitForExit(TimeSpan.FromSeconds(10));
        using (var sparse = new FileStream(Path.Combine(logs, "sparse.log"), FileMode.Create))
        {
            sparse.SetLength(1L << 40);
            sparse.Seek(-3, SeekOrigin.End);
            sparse.Write("end"u8);
        }
        Assert.Equal(0, _machine.Vmadm(null, "delete", uuid).Status);
        string archived = Path.Combine(Place(uuid), "svclogs");
        Assert.Equal(["network-ssh:default.log", "sparse.log"], Directory.EnumerateFileSystemEntries(archived).Select(p => Path.GetFileName(p)).Order());
        Assert.Equal(TenantLogs.MostOfFile, new FileInfo(Path.Combine(archived, "sparse.log")).Length);
        Assert.EndsWith("end", File.ReadAllText(Path.Combine(archived, "sparse.log")));
        Assert.Contains($"of /var/svc/log/sparse.log its last {TenantLogs.MostOfFile} bytes are archived", _machine.Said);
        File.Delete(secret);
    }

    [Fact]
    public void Logs_of_one_name_in_two_places_are_both_kept()
    {
        string uuid = Archived();
        Put(uuid, "root/var/adm/messages", "another message");
        Put(uuid, "root/var/adm/messages.0", "an older one");
        Assert.Equal(0, _machine.Vmadm(null, "delete", uuid).Status);
        Assert.Equal(("a message", "another message", "an older one"), (Read(uuid, "admmsgs/messages"), Read(uuid, "admmsgs/adm/messages"), Read(uuid, "admmsgs/adm/messages.0")));
    }

    [Fact]
    public void Logs_that_cannot_be_looked_at_are_told_and_refuse_no_delete()
    {
        string uuid = Archived(), root = _machine.At($"zones/{uuid}/root/var");
        Directory.Delete(Path.Combine(root, "svc/log"), recursive: true);
        File.CreateSymbolicLink(Path.Combine(root, "svc/log"), new string('a', 300));
        File.CreateSymbolicLink(Path.Combine(root, "adm"), "adm");
        Assert.Equal(0, _machine.Vmadm(null, "delete", uuid).Status);
        Assert.Equal("a message", Read(uuid, "admmsgs/messages"));
        Assert.Contains(_machine.Said, line => line.StartsWith("/var/svc/log of the zone is not archived: ", StringComparison.Ordinal));
        Assert.Contains(_machine.Said, line => line.StartsWith("/var/adm of the zone is not archived: ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("link")]
    [InlineData("folder")]
    [InlineData("nothing")]
    public void A_log_that_changes_while_it_is_archived_is_told_and_left_out(string becomes)
    {
        string uuid = Archived(), log = _machine.At($"zones/{uuid}/root/var/log/messages"), archive = Directory.CreateDirectory(_machine.At("archive")).FullName;
        var logs = TenantLogs.Of(_machine.Host.Load(uuid).Spec);
        File.Delete(log);
        _ = becomes switch
        {
            "link" => File.CreateSymbolicLink(log, new string('a', 300)),
            "folder" => Directory.CreateDirectory(log),
            _ => (FileSystemInfo?)null,
        };
        Assert.StartsWith("/var/log/messages of the zone is not archived: ", Assert.Single(logs.CopyTo(archive)));
        Assert.Equal(["network-ssh:default.log"], Directory.EnumerateFiles(archive, "*", SearchOption.AllDirectories).Select(p => Path.GetFileName(p)));
    }

    [Fact]
    public void An_archive_that_cannot_take_a_log_refuses()
    {
        string uuid = Archived(), archive = Directory.CreateDirectory(_machine.At("archive")).FullName;
        var logs = TenantLogs.Of(_machine.Host.Load(uuid).Spec);
        Directory.CreateDirectory(Path.Combine(archive, "admmsgs"));
        File.WriteAllText(Path.Combine(archive, "admmsgs/messages"), "somebody's");
        Assert.Throws<IOException>(() => logs.CopyTo(archive));
        Assert.Equal("somebody's", File.ReadAllText(Path.Combine(archive, "admmsgs/messages")));
    }

    [Fact]
    public void More_logs_than_an_archive_takes_are_told()
    {
        string uuid = Archived();
        for (int n = 0; n < 17; n++)
        {
            using var sparse = new FileStream(_machine.At($"zones/{uuid}/root/var/svc/log/{n}.log"), FileMode.Create);
            sparse.SetLength(TenantLogs.MostOfFile);
        }
        var logs = TenantLogs.Of(_machine.Host.Load(uuid).Spec);
        Assert.True(logs.Bytes <= TenantLogs.MostOfLogs);
        Assert.Equal(2, logs.LeftOut); // the small ones come first, then 15 of these
        Assert.Contains(logs.Files, f => f.Path == "/var/log/messages");
    }

    [Fact]
    public void A_delete_whose_archive_has_no_room_is_refused()
    {
        string uuid = Archived();
        _machine.Datasets.Create(DatasetName.Parse("zones/archive"), new Dictionary<string, string> { ["mountpoint"] = _machine.At("zones/archive"), ["available"] = "1000" });
        _machine.Runtime.Calls.Clear();
        var run = _machine.Vmadm(null, "delete", uuid);
        Assert.Equal(1, run.Status);
        Assert.Contains($"archive_on_delete is set, and {Place(uuid)} cannot be written: make room there, or \"vmadm update {uuid} archive_on_delete=false\": it takes 4", run.Error);
        Assert.Contains("of zones/archive, which has 1000 B", run.Error);
        AssertUntouched(uuid);
        Assert.Equal(0, _machine.Vmadm(null, "update", uuid, "archive_on_delete=false").Status);
        Assert.Equal(0, _machine.Vmadm(null, "delete", uuid).Status);
        Assert.False(Directory.Exists(Place(uuid)));
    }

    [Fact]
    public void A_delete_whose_archive_cannot_be_written_is_refused_and_leaves_none()
    {
        string uuid = Archived();
        _machine.BeforeDataset = (operation, name) => _ = operation == "create" && name == "zones/archive"
            ? throw new DatasetException(DatasetException.FailedCode, name, "read-only pool") : 0;
        Assert.Contains("read-only pool", _machine.Vmadm(null, "delete", uuid).Error);
        AssertUntouched(uuid);
    }

    [Fact]
    public void One_of_the_same_VM_is_replaced_and_one_of_another_is_left_alone()
    {
        string uuid = Archived();
        var host = _machine.Host;
        var config = host.Zones.Load(Zones.ZoneName.Parse(uuid));
        Assert.Equal(Place(uuid), new VmArchive(host).Save(host.Load(uuid), config));
        File.WriteAllText(Path.Combine(Place(uuid), "old"), "");
        Assert.Equal(Place(uuid), new VmArchive(host).Save(host.Load(uuid), config));
        Assert.False(File.Exists(Path.Combine(Place(uuid), "old")));
        File.WriteAllText(Path.Combine(Place(uuid), "vm.json"), """{"create_timestamp": "then"}""");
        Assert.Equal(Place(uuid) + ".2", new VmArchive(host).Save(host.Load(uuid), config));
        Assert.Contains("then", Read(uuid, "vm.json"));
    }

    [Fact]
    public void What_a_killed_client_left_goes_with_the_next_archive()
    {
        string uuid = Archived(), left = _machine.At("zones/archive/aaaaaaaa-0000-4000-8000-00000000dead.unfinished"), busy = _machine.At("zones/archive/bbbbbbbb-0000-4000-8000-00000000dead.unfinished");
        Directory.CreateDirectory(left);
        Directory.CreateDirectory(busy);
        using (_machine.Host.LockAsItIs("bbbbbbbb-0000-4000-8000-00000000dead"))
        {
            Assert.Equal(0, _machine.Vmadm(null, "delete", uuid).Status);
        }
        Assert.Equal((false, true), (Directory.Exists(left), Directory.Exists(busy)));
        new VmArchive(_machine.Host).Sweep();
        Assert.False(Directory.Exists(busy));
    }

    [Fact]
    public void A_VM_that_lives_on_elsewhere_is_not_archived()
    {
        string uuid = Archived();
        new VmLifecycle(_machine.Host).Delete(uuid, lives: true);
        Assert.False(Directory.Exists(Place(uuid)));
    }

    private string Archived()
    {
        string uuid = _machine.Create(""", "archive_on_delete": true, "tags": {"role": "web"}""");
        Put(uuid, "cores/core.1", "a core");
        Put(uuid, "logs/console.log", "hello");
        Put(uuid, "root/var/svc/log/network-ssh:default.log", "a service");
        Put(uuid, "root/var/log/messages", "a message");
        Put(uuid, "root/var/log/wtmp", "who");
        return uuid;
    }

    private void Put(string uuid, string file, string text)
    {
        string path = _machine.At($"zones/{uuid}/{file}");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private string Place(string uuid) => _machine.At($"zones/archive/{uuid}");

    private string Read(string uuid, string file) => File.ReadAllText(Path.Combine(Place(uuid), file));

    private void AssertUntouched(string uuid)
    {
        Assert.DoesNotContain(_machine.Runtime.Calls, call => call.StartsWith("halt", StringComparison.Ordinal));
        Assert.Equal("running", (string?)_machine.Get(uuid)["state"]);
        Assert.False(Directory.Exists(Place(uuid)));
        Assert.Empty(Orphans.Of(_machine));
    }
}
