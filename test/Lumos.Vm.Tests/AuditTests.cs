using System.Text.Json.Nodes;
using Lumos.Vm.Audit;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>The log that each run of vmadm leaves, and the result it gives to programs.</summary>
public sealed class AuditTests : IDisposable
{
    private readonly TestMachine _machine = new();

    private string Folder => _machine.At("var/log/vm/logs");

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void A_run_that_changes_something_leaves_who_asked_what_the_steps_and_the_end()
    {
        string uuid = _machine.Create(""", "alias": "a", "quota": 7 """);
        string file = Assert.Single(Directory.GetFiles(Folder));
        Assert.Matches(@"^\d{13}-\d{6,}-vmadm\.log$", Path.GetFileName(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        var lines = Lines(file);
        Assert.Equal(["vmadm", "create"], lines[0]["argv"]!.AsArray().Select(w => (string)w!));
        Assert.Equal(0, (int)lines[0]["caller"]!["uid"]! % 1);
        Assert.Equal(7, (int)lines[1]["payload"]!["quota"]!);
        Assert.Contains(lines, line => ((string)line["msg"]!).StartsWith($"clone zones/{TestMachine.NativeImage}@final to zones/{uuid}", StringComparison.Ordinal));
        Assert.Equal((0, true, uuid, $"Successfully created VM {uuid}"), ((int)lines[^1]["exit_status"]!, (bool)lines[^1]["result"]!["ok"]!,
            (string?)lines[^1]["result"]!["uuid"], (string?)lines[^1]["result"]!["message"]));
        Assert.Single(lines.Select(line => (string)line["req_id"]!).Distinct());
        Assert.All(lines, line => Assert.Equal((0, "vmadm"), ((int)line["v"]!, (string?)line["name"])));
    }

    [Fact]
    public void A_failure_is_logged_with_its_code()
    {
        string gone = "aaaaaaaa-0000-4000-8000-00000000dead";
        Assert.Equal(1, _machine.Vmadm(null, "stop", gone).Status);
        var end = Lines(Assert.Single(Directory.GetFiles(Folder)))[^1];
        Assert.Equal(("end", 50, 1, "VmNotFound", gone), ((string?)end["msg"], (int)end["level"]!, (int)end["exit_status"]!,
            (string?)end["result"]!["code"], (string?)end["result"]!["uuid"]));
    }

    [Fact]
    public void Reading_and_wrong_usage_leave_nothing()
    {
        _machine.Vmadm(null, "list");
        _machine.Vmadm(null, "lookup");
        _machine.Vmadm(null, "get", "aaaaaaaa-0000-4000-8000-00000000dead");
        _machine.Vmadm(null, "stop", "no-uuid");
        _machine.Vmadm("{", "create");
        Assert.False(Directory.Exists(Folder));
    }

    [Fact]
    public void A_log_that_finds_no_room_keeps_nobody_from_working()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Folder)!);
        File.WriteAllText(Folder, "in the way");
        string uuid = _machine.Create();
        Assert.Equal(0, _machine.Vmadm(null, "stop", uuid, "-v").Status);
    }

    [Fact]
    public void Secrets_are_in_no_log()
    {
        string uuid = _machine.Create(""", "customer_metadata": {"root_pw": "S3cret", "motd": "hello"}, "internal_metadata": {"key": "S3cret"} """);
        _machine.Vmadm("""{"set_internal_metadata": {"a": ["S3cret", {"b": "S3cret"}]}, "set_customer_metadata": {"admin_pw": "S3cret"}, "vnc_password": "S3cret"}""", "update", uuid);
        _machine.Vmadm(null, "update", uuid, "vnc_password=S3cret", "-d");
        string all = string.Concat(Directory.GetFiles(Folder).Select(File.ReadAllText));
        Assert.DoesNotContain("S3cret", all);
        Assert.Contains("\"motd\":\"hello\"", all);
        Assert.Contains("\"admin_pw\":\"***\"", all);
        Assert.Contains("\"vnc_password=***\"", all);
    }

    [Fact]
    public void Request_and_ident_come_from_the_environment()
    {
        string uuid = _machine.Create();
        _machine.Environment["REQ_ID"] = "req-1";
        _machine.Environment["VMADM_IDENT"] = "backup";
        _machine.Vmadm(null, "stop", uuid);
        Assert.All(Lines(Directory.GetFiles(Folder).Order().Last()), line => Assert.Equal(("req-1", "backup"), ((string?)line["req_id"], (string?)line["ident"])));
    }

    [Fact]
    public void With_v_and_d_the_log_is_on_stderr_too()
    {
        string uuid = _machine.Create();
        string plain = _machine.Vmadm(null, "stop", uuid).Error, verbose = _machine.Vmadm(null, "start", uuid, "-v").Error, debug = _machine.Vmadm("""{"alias": "x"}""", "update", uuid, "-d").Error;
        Assert.DoesNotContain("\"msg\"", plain);
        Assert.Contains("\"msg\":\"begin\"", verbose);
        Assert.DoesNotContain("\"level\":20", verbose);
        Assert.Contains("\"payload\":{\"alias\":\"x\"}", debug);
    }

    [Fact]
    public void The_folder_stays_within_its_bounds()
    {
        string name = "vmadm";
        Directory.CreateDirectory(Folder);
        for (int i = 0; i < AuditFolder.MostFiles + 5; i++)
        {
            File.WriteAllText(Path.Combine(Folder, $"{1000000000000 + i}-000001-vmadm.log"), "x");
        }
        using (AuditFolder.Open(Folder, name, DateTimeOffset.UtcNow))
        {
            Assert.Equal(AuditFolder.MostFiles, Directory.GetFiles(Folder).Length);
        }
        Assert.False(File.Exists(Path.Combine(Folder, "1000000000005-000001-vmadm.log")));
        Assert.True(File.Exists(Path.Combine(Folder, "1000000000006-000001-vmadm.log")));
        using (var big = File.OpenWrite(Path.Combine(Folder, "1000000000006-000001-vmadm.log")))
        {
            big.SetLength(AuditFolder.MostBytes);
        }
        AuditFolder.Open(Folder, name, DateTimeOffset.UtcNow)!.Dispose();
        Assert.False(File.Exists(Path.Combine(Folder, "1000000000006-000001-vmadm.log")));
        Assert.Equal(AuditFolder.MostFiles, Directory.GetFiles(Folder).Length);
    }

    [Fact]
    public void One_run_cannot_fill_the_disk()
    {
        using (var log = new AuditLog("vmadm", true, TextWriter.Null, null, _ => null))
        {
            log.Keep(Folder);
            for (int i = 0; i < 1000; i++)
            {
                log.Payload(new JsonObject { ["x"] = new string('x', 100_000) });
            }
            log.End(0, []);
        }
        string file = Directory.GetFiles(Folder)[0];
        Assert.InRange(new FileInfo(file).Length, AuditLog.MostBytes / 2, AuditLog.MostBytes + 4096);
        Assert.True((int)Lines(file)[^1]["lines_dropped"]! > 700);
    }

    [Fact]
    public void Programs_get_one_object_on_stdout()
    {
        var create = _machine.Vmadm($$"""{"image_uuid":"{{TestMachine.NativeImage}}","bogus":1}""", "create", "--json-result");
        var result = JsonNode.Parse(create.Out)!;
        string uuid = (string)result["uuid"]!;
        Assert.Equal((true, "create", true), ((bool)result["ok"]!, (string?)result["verb"], (bool)result["changed"]!));
        Assert.Contains("bogus", (string?)result["warnings"]![0]);
        Assert.Contains($"Successfully created VM {uuid}\n", create.Error);

        var update = JsonNode.Parse(_machine.Vmadm(null, "update", "--json-result", uuid, "alias=b", "zlog_max_size=100000", "hostname=h").Out)!;
        Assert.Equal("""{"live":["alias"],"next_boot":["zlog_max_size"],"stopped":[],"recorded":["hostname"]}""", update["effects"]!.ToJsonString());
        Assert.False((bool)JsonNode.Parse(_machine.Vmadm(null, "update", uuid, "alias=b", "--json-result").Out)!["changed"]!);
        Assert.False((bool)JsonNode.Parse(_machine.Vmadm(null, "start", uuid, "--json-result").Out)!["changed"]!);
        Assert.True((bool)JsonNode.Parse(_machine.Vmadm(null, "kill", "-9", "--json-result", uuid).Out)!["ok"]!);

        var failed = _machine.Vmadm(null, "reboot", "aaaaaaaa-0000-4000-8000-00000000dead", "--json-result");
        Assert.Equal((1, false, "VmNotFound", 1), (failed.Status, (bool)JsonNode.Parse(failed.Out)!["ok"]!,
            (string?)JsonNode.Parse(failed.Out)!["code"], (int)JsonNode.Parse(failed.Out)!["exit_status"]!));
        Assert.Equal("", _machine.Vmadm(null, "stop", uuid).Out);
        Assert.Equal(2, _machine.Vmadm(null, "list", "--json-result").Status);
    }

    private static List<JsonObject> Lines(string file) => [.. File.ReadLines(file).Select(line => JsonNode.Parse(line)!.AsObject())];
}
