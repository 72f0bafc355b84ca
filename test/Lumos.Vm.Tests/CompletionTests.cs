using Lumos.Cli;
using Lumos.Drivers.Tools;
using Lumos.Images.Applets;
using Lumos.Vm.Applets.Verbs;
using Lumos.Vm.Properties;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>The file that bash completes vmadm and imgadm by, in bash itself: the words before the cursor in, what is offered out.</summary>
public sealed class CompletionTests
{
    private const string Web1 = "aaaaaaaa-0000-4000-8000-000000000001", Web2 = "aaaaaaaa-0000-4000-8000-000000000002", Db = "bbbbbbbb-0000-4000-8000-000000000003",
        Nameless = "cccccccc-0000-4000-8000-000000000004";

    /// <summary>Stands in for the commands; what it prints has their form.</summary>
    private const string Commands = $$"""
        vmadm() {
            case "$*" in
                "list -H -o uuid,alias state="*) printf '%s\n' '{{Db}}  db' ;;
                "list -H -o uuid,alias") printf '%s\n' '{{Web1}}  web1' '{{Web2}}  web2' '{{Db}}  db' '{{Nameless}}  -' ;;
                "lookup -j -o snapshots uuid={{Web1}}") printf '[\n  {\n    "snapshots": [\n      {\n        "name": "before",\n        "size": 1\n      },\n      {\n        "name": "two"\n      }\n    ]\n  }\n]\n' ;;
                *) return 1 ;;
            esac
        }
        imgadm() { printf '%s\n' '{{Web1}}  lumos-base' '{{Db}}  debian-13'; }
        """;

    [Theory]
    [InlineData("start stop", "vmadm", "st")]
    [InlineData(Db, "vmadm", "get", "bb")]
    [InlineData(Db, "vmadm", "get", "d")]
    [InlineData("web1 web2", "vmadm", "get", "web")]
    [InlineData(Db, "vmadm", "start", "")]
    [InlineData("-F -t --force --timeout --json-result", "vmadm", "stop", Web1, "-")]
    [InlineData("", "vmadm", "stop", Web1, "-t", "")]
    [InlineData("uuid,state", "vmadm", "list", "-o", "uuid,st")]
    [InlineData("-ram", "vmadm", "list", "-s", "-ra")]
    [InlineData("max_physical_memory", "vmadm", "lookup", "-o", "max_p")]
    [InlineData("state=", "vmadm", "list", "-p", "st")]
    [InlineData("running ready receiving", "vmadm", "list", "state", "=", "r")]
    [InlineData("max_sem_ids= max_shm_ids= max_shm_memory= max_swap=", "vmadm", "update", Web1, "max_s")]
    [InlineData("", "vmadm", "update", Web1, "max_swap", "=", "5")]
    [InlineData("before two", "vmadm", "rollback-snapshot", Web1, "")]
    [InlineData("before", "vmadm", "send", Web1, "-i", "b")]
    [InlineData("INT", "vmadm", "kill", "-s", "I")]
    [InlineData("update", "vmadm", "validate", "u")]
    [InlineData("builder", "vmadm", "validate", "update", "b")]
    [InlineData("cpu_cap", "vmadm", "help", "cpu_c")]
    [InlineData(Db, "vmadm", "receive", "--token", "")]
    [InlineData("import install", "imgadm", "i")]
    [InlineData(Db, "imgadm", "delete", "deb")]
    [InlineData("name,version", "imgadm", "list", "-o", "name,v")]
    [InlineData("linux", "imgadm", "avail", "os", "=", "l")]
    [InlineData("-n -f --dry-run --force", "imgadm", "vacuum", "-")]
    public void What_is_offered(string offered, params string[] words) => Assert.Equal(offered.Split(' ').Order(), Complete(words).Order());

    [Fact]
    public void Every_command_is_offered_with_its_options()
    {
        Assert.Equal(VerbTable.All.Select(verb => verb.Name).Order(StringComparer.Ordinal), Complete("vmadm", ""));
        var parser = VerbTable.All.Where(verb => verb.RunWords is null).Select(verb => (verb, Options: verb.Options(new ArgParser()).Names));
        foreach (var (verb, options) in parser)
        {
            string[] wanted = [.. options, .. verb is { Changes: true, WritesData: false } ? ["--json-result"] : Array.Empty<string>()];
            foreach (string name in verb.Aliases.Where(alias => alias[0] != '-').Append(verb.Name))
            {
                Assert.Equal(wanted.Order(), Complete("vmadm", name, "-").Where(word => word.Length > 0).Order());
            }
        }
        var help = new StringWriter();
        ImagesApplets.All().First(a => a.Name == "imgadm").Run(new AppletContext { Name = "imgadm", Args = ["help"], Out = help, Error = help });
        string[] commands = [.. help.ToString().Split("Commands:")[1].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Trim().Split(' ')[0]).Where(word => word.Length > 0)];
        Assert.Equal(commands.Append("help").Order(StringComparer.Ordinal), Complete("imgadm", ""));
    }

    [Fact]
    public void Properties_are_those_of_the_table()
    {
        string[] columns = [.. PropertyTable.Rows.Where(row => row.Group is null && row.Column is not null).Select(row => row.Name).Order(StringComparer.Ordinal)];
        Assert.Equal(columns, Complete("vmadm", "list", "-o", "").Order(StringComparer.Ordinal));
        string[] settable = [.. PropertyTable.Rows.Where(row => row.Group is null && row.Ops.HasFlag(PropertyOps.Update) && (row.Brands & (Brands.Joyent | Brands.Lx)) != 0
                && row.Status is PropertyStatus.Acts or PropertyStatus.Stored && row.Type is not (PropertyType.Objects or PropertyType.Map)
                && !row.Name.StartsWith("remove_", StringComparison.Ordinal)).Select(row => row.Name + "=").Order(StringComparer.Ordinal)];
        Assert.Equal(settable, Complete("vmadm", "update", Web1, "").Order(StringComparer.Ordinal));
    }

    private static string[] Complete(params string[] words)
    {
        string script = $"""
            {Commands}
            . {File}
            COMP_WORDS=({string.Join(' ', words.Select(word => $"'{word}'"))})
            COMP_CWORD={words.Length - 1}
            _{words[0]}
            printf '%s\n' "${"{COMPREPLY[@]}"}"
            """;
        var run = Tool.Run(["bash", "--norc", "-c", script]);
        Assert.True(run.Status == 0 && run.ErrorOutput.Length == 0, run.ErrorOutput);
        return run.Output.TrimEnd('\n').Split('\n');
    }

    private static string File
    {
        get
        {
            string? folder = AppContext.BaseDirectory;
            while (folder is not null && !System.IO.File.Exists(Path.Combine(folder, "Lumos.slnx")))
            {
                folder = Path.GetDirectoryName(folder);
            }
            return Path.Combine(folder!, "images/platform/overlay/usr/lib/lumos/completion.bash");
        }
    }
}
