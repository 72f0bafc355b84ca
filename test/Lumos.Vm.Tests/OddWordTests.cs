using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>Words that somebody mistyped: none is left out in silence.</summary>
public sealed class OddWordTests : IDisposable
{
    private readonly TestMachine _machine = new();
    private readonly string _uuid, _other;

    public OddWordTests()
    {
        _uuid = _machine.Create(""", "alias": "one", "nics": [{"nic_tag": "admin", "ip": "10.0.0.5", "netmask": "255.255.255.0"}]""");
        _other = _machine.Create(""", "alias": "two" """);
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("get")]
    [InlineData("start")]
    [InlineData("stop")]
    [InlineData("reboot")]
    [InlineData("console")]
    [InlineData("delete")]
    public void A_second_VM_is_left_out_with_a_warning_and_refused_where_that_is_wanted(string verb)
    {
        string said = $"\"{_other}\" is left out: {verb} is of one VM at a time";
        _machine.Environment["VMADM_STRICT"] = "1";
        _machine.Runtime.Calls.Clear();
        var strict = _machine.Vmadm(null, verb, _uuid, _other);
        Assert.Equal((2, ""), (strict.Status, strict.Out));
        Assert.StartsWith(said + "\nUsage: vmadm", strict.Error, StringComparison.Ordinal);
        Assert.Empty(_machine.Runtime.Calls);
        Assert.Equal("running", (string?)_machine.Get(_uuid)["state"]);

        _machine.Environment.Clear();
        if (verb != "console") // it would not come back
        {
            Assert.StartsWith($"Warning: {said}\n", _machine.Vmadm(null, verb, _uuid, _other).Error, StringComparison.Ordinal);
        }
        Assert.Equal("running", (string?)_machine.Get(_other)["state"]);
    }

    [Fact]
    public void The_last_word_counts_as_on_SmartOS_and_the_others_are_told()
    {
        var run = _machine.Vmadm(null, "update", _uuid, "-f", "/no/such/file", "alias=x", "alias=y");
        Assert.Equal(0, run.Status);
        Assert.StartsWith("Warning: -f /no/such/file is left out: alias=x says what to change\nWarning: alias is given twice: the last one counts\n", run.Error, StringComparison.Ordinal);
        Assert.Equal("y", (string?)_machine.Get(_uuid)["alias"]);
        _machine.Environment["VMADM_STRICT"] = "1";
        Assert.Equal(2, _machine.Vmadm(null, "update", _uuid, "alias=a", "alias=b").Status);
        Assert.Equal("y", (string?)_machine.Get(_uuid)["alias"]);
    }

    [Theory]
    [InlineData("list", "-Ho", "alias")]
    [InlineData("lookup")]
    public void Of_two_filters_of_one_key_the_one_that_does_not_count_is_told(params string[] words)
    {
        string shown = words[0] == "list" ? "two\n" : _other + "\n";
        var run = _machine.Vmadm(null, [.. words, "alias=one", "state=running", "alias=two"]);
        Assert.Equal((0, shown, "Warning: alias=one is left out: of two filters of alias the last one counts\n"), (run.Status, run.Out, run.Error));
        _machine.Environment["VMADM_STRICT"] = "1";
        var strict = _machine.Vmadm(null, [.. words, "alias=one", "alias=two"]);
        Assert.Equal((2, ""), (strict.Status, strict.Out));
    }

    [Theory]
    [InlineData("Bad arguments: unable to split alias", "alias")]
    [InlineData("Bad arguments: unable to split =x", "=x")]
    [InlineData("unknown option --alias", "--alias=x")]
    public void An_update_of_words_that_contradict_each_other_is_wrong_usage(string said, params string[] words)
    {
        var run = _machine.Vmadm("{}", ["update", _uuid, .. words]);
        Assert.Equal(2, run.Status);
        Assert.StartsWith(said, run.Error, StringComparison.Ordinal);
        Assert.Equal("one", (string?)_machine.Get(_uuid)["alias"]);
    }

    [Fact]
    public void A_payload_comes_from_a_file_or_standard_input_and_a_folder_is_told()
    {
        string file = _machine.At("payload.json");
        File.WriteAllText(file, """{"alias": "of a file"}""");
        Assert.Equal(0, _machine.Vmadm(null, "update", _uuid, "-f", file).Status);
        Assert.Equal("of a file", (string?)_machine.Get(_uuid)["alias"]);
        Assert.Equal(0, _machine.Vmadm("""{"alias": "of -f -"}""", "update", _uuid, "-f", "-").Status);
        Assert.Equal("of -f -", (string?)_machine.Get(_uuid)["alias"]);
        foreach (string name in (string[])["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"])
        {
            // Not by path: our own standard input is another one than the command's here, as it may be a socket there.
            Assert.Equal(0, _machine.Vmadm($$"""{"alias": "{{name}}"}""", "update", _uuid, "-f", name).Status);
            Assert.Equal(name, (string?)_machine.Get(_uuid)["alias"]);
            Assert.Equal(2, _machine.Vmadm(null, "update", _uuid, "-f", name).Status); // a terminal
        }
        Assert.Equal(0, _machine.Vmadm("""{"alias": "of stdin"}""", "update", _uuid).Status);
        Assert.Equal("of stdin", (string?)_machine.Get(_uuid)["alias"]);

        Assert.Equal((1, "", $"File: {file}.not does not exist.\n"), _machine.Vmadm(null, "update", _uuid, "-f", file + ".not") is var gone ? (gone.Status, gone.Out, gone.Error) : default);
        Assert.Equal((1, "", $"File: {_machine.Root} is a directory.\n"), _machine.Vmadm(null, "update", _uuid, "-f", _machine.Root) is var folder ? (folder.Status, folder.Out, folder.Error) : default);
        Assert.Equal(2, _machine.Vmadm(null, "update", _uuid, "-f", "-").Status); // a terminal
    }

    [Theory]
    [InlineData("invalid order field: nics.0.bogus", "list", "-o", "nics.0.bogus")]
    [InlineData("invalid order field: nics.x.ip", "list", "-o", "nics.x.ip")]
    [InlineData("invalid sort field: -bogus", "list", "-s", "-bogus")]
    [InlineData("invalid output field: bogus", "lookup", "-j", "-o", "uuid,bogus")]
    [InlineData("invalid output field: nics.*.ip", "lookup", "-j", "-o", "nics.*.ip")]
    [InlineData("invalid output field: \"\"", "lookup", "-j", "-o", "uuid,")]
    public void A_field_that_is_none_is_named(string said, params string[] words)
    {
        var run = _machine.Vmadm(null, words);
        Assert.Equal((1, "", said + "\n"), (run.Status, run.Out, run.Error));
    }

    [Fact]
    public void Whatever_get_shows_can_be_asked_of_lookup()
    {
        string fields = string.Join(',', _machine.Get(_uuid).Select(p => p.Key).Concat(["nics.0.ip", "tags.role", "zone_state"]));
        Assert.Equal(0, _machine.Vmadm(null, "lookup", "-j", "-o", fields).Status);
    }

    [Fact]
    public void The_console_is_of_what_runs()
    {
        _machine.Vmadm(null, "stop", _uuid);
        var run = _machine.Vmadm(null, "console", _uuid);
        Assert.Equal((1, $"cannot connect to the console of VM {_uuid} from state \"stopped\", must be \"running\"\n"), (run.Status, run.Error));
    }
}
