using System.Text;
using System.Text.Json;
using Lumos.Core;
using Xunit;

namespace Lumos.Cli.Tests;

public class CliTests
{
    [Fact]
    public void Options_bundle_repeat_and_end_at_two_dashes()
    {
        var args = new ArgParser().Flag('H').Flag('p').Value('o', "fields").Flag("dry-run").Flag('v')
            .Parse(["-Hpofoo", "x", "--fields=bar", "-vv", "--dry-run", "--fields", "baz", "--", "-p", "--"]);
        Assert.True(args.Has('H') && args.Has('p') && args.Has("dry-run"));
        Assert.Equal(["foo", "bar", "baz"], args.GetAll('o'));
        Assert.Equal("baz", args.Get("fields"));
        Assert.Equal(2, args.Count('v'));
        Assert.Equal(["x", "-p", "--"], args.Operands);
    }

    [Fact]
    public void A_command_of_another_program_is_left_alone()
    {
        var args = new ArgParser().Flag('Q').StopAtFirstOperand().Parse(["-Q", "zone", "ls", "-l", "--", "x"]);
        Assert.Equal(["zone", "ls", "-l", "--", "x"], args.Operands);
    }

    [Theory]
    [InlineData("-x", "unknown option -x")]
    [InlineData("--nope", "unknown option --nope")]
    [InlineData("-o", "option -o needs a value")]
    [InlineData("--json=1", "option --json takes no value")]
    public void Wrong_options_are_usage_errors(string word, string message)
    {
        var error = Assert.Throws<UsageException>(() => new ArgParser().Value('o').Flag('j', "json").Parse([word]));
        Assert.Equal((message, 2), (error.Message, error.ExitStatus));
    }

    [Fact]
    public void A_lone_dash_is_an_operand() => Assert.Equal(["-"], new ArgParser().Parse(["-"]).Operands);

    private sealed record Vm(string Name, string Ram, string? Alias);

    private static readonly Vm[] Vms = [new("bb", "1024", "web:1"), new("a-long-name", "256", null), new("cc", "1024", "db")];

    private static Table<Vm> Vmtable() => new(
        new Column<Vm>("name", 4, v => v.Name), new Column<Vm>("ram", 5, v => v.Ram), new Column<Vm>("alias", 6, v => v.Alias))
    {
        Lookup = field => field.StartsWith("tags.", StringComparison.Ordinal) ? new Column<Vm>(field, 3, _ => "t") : null,
    };

    [Fact]
    public void A_table_has_least_widths_and_no_trailing_blanks()
    {
        var text = new StringWriter { NewLine = "\n" };
        Vmtable().Write(text, Vms, "name,ram,alias");
        Assert.Equal("NAME  RAM    ALIAS\nbb    1024   web:1\na-long-name  256    -\ncc    1024   db\n", text.ToString());
    }

    [Fact]
    public void Parsable_output_is_unescaped_and_empty_is_nothing()
    {
        var text = new StringWriter { NewLine = "\n" };
        Vmtable().WriteParsable(text, Vms, "name,alias,tags.x");
        Assert.Equal("bb:web:1:t\na-long-name::t\ncc:db:t\n", text.ToString());
    }

    [Fact]
    public void Sorting_is_by_number_then_by_the_next_field()
    {
        var table = Vmtable();
        Assert.Equal(["a-long-name", "cc", "bb"], table.Sort(Vms, "ram,-name").Select(v => v.Name));
        Assert.Equal(["bb", "cc", "a-long-name"], table.Sort(Vms, "-ram,+name").Select(v => v.Name));
        Assert.Contains("unknown field \"nope\"", Assert.Throws<UsageException>(() => table.Sort(Vms, "nope")).Message);
    }

    [Fact]
    public void Progress_off_a_terminal_is_plain_lines()
    {
        var text = new StringWriter { NewLine = "\n" };
        using (var progress = new Progress(text, terminal: false))
        {
            progress.Stage("one");
            progress.Detail("50 %");
            progress.Say("note");
            progress.Stage("two");
        }
        Assert.Equal("one\nnote\ntwo\n", text.ToString());
    }

    [Fact]
    public void Progress_on_a_terminal_rewrites_its_line()
    {
        var text = new StringWriter { NewLine = "\n" };
        using (var progress = new Progress(text, terminal: true))
        {
            progress.Stage("one");
        }
        Assert.Equal("one  0.0 s\r          \rone  0.0 s\n", text.ToString());
    }

    [Fact]
    public void The_log_is_one_bunyan_object_a_line()
    {
        using var stream = new MemoryStream();
        var log = JsonLog.To(stream, "vmadm");
        log.Info("a \"line\"\nbroken", ("vm", "abc"));
        log.Write(LogLevel.Trace, "dropped");
        string[] lines = Encoding.UTF8.GetString(stream.ToArray()).TrimEnd('\n').Split('\n');
        var line = JsonDocument.Parse(Assert.Single(lines)).RootElement;
        Assert.Equal(("vmadm", 30, "a \"line\"\nbroken", "abc", 0), (line.GetProperty("name").GetString(), line.GetProperty("level").GetInt32(),
            line.GetProperty("msg").GetString(), line.GetProperty("vm").GetString(), line.GetProperty("v").GetInt32()));
    }
}
