using Lumos.Core;
using Lumos.Zones.Consoles;
using Lumos.Zones.Login;
using Xunit;

namespace Lumos.Zones.Tests;

public sealed class LoginTests
{
    private const string Passwd = "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000:Ann:/home/ann:\nevil:x:4294967295:0::/:/bin/sh\nevil2:x:-1:0::/:/bin/sh\n";
    private const string Group = "root:x:0:\nann:x:1000:\nsudo:x:27:bob,ann\nstaff:x:50:bob\nbad:x:99999:ann\n";

    [Fact]
    public void Options_are_read_and_a_commands_own_are_left_alone()
    {
        var login = LoginOptions.Parse(["-Qn", "-l", "ann", "z", "ls", "-l"]);
        Assert.Equal((false, true, true, "ann", "z", false), (login.Console, login.Quiet, login.NoInput, login.User, login.Zone, login.Terminal));
        Assert.Equal(["ls", "-l"], login.Words);
        Assert.True(LoginOptions.Parse(["-i", "z", "top"]).Terminal);
        Assert.Null(LoginOptions.Parse(["-E", "z"]).Terminal);
        var console = LoginOptions.Parse(["-CdE", "z"]);
        Assert.Equal((true, true, null), (console.Console, console.LeavesAtHalt, console.Escape));
        Assert.Equal('@', LoginOptions.Parse(["-C", "-e@", "z"]).Escape);
        Assert.Equal('~', LoginOptions.Parse(["-C", "z"]).Escape);
        var streams = LoginOptions.Parse(["-INQ", "-e@", "z"]);
        Assert.Equal((true, true, true, '@', false), (streams.Streams, streams.KeepsInput, streams.Quiet, streams.Escape, streams.Console));
    }

    [Theory]
    [InlineData("missing zone")]
    [InlineData("takes no command", "-C", "z", "ls")]
    [InlineData("takes no command", "-CS", "z")]
    [InlineData("not of a console", "-Ci", "z")]
    [InlineData("is of a console", "-d", "z")]
    [InlineData("is of a console", "-e", "@", "z")]
    [InlineData("not one character", "-C", "-e", "ab", "z")]
    [InlineData("give one", "-CE", "-e", "@", "z")]
    [InlineData("it is root", "-S", "-l", "ann", "z")]
    [InlineData("want none", "-iT", "z", "ls")]
    [InlineData("ends at once", "-n", "z")]
    [InlineData("give one", "-CI", "z")]
    [InlineData("takes no command", "-I", "z", "ls")]
    [InlineData("not of a console or streams", "-In", "z")]
    [InlineData("is of a console", "-Id", "z")]
    [InlineData("of streams (-I)", "-CN", "z")]
    [InlineData("docker", "-Z", "z")]
    [InlineData("unknown option", "-x", "z")]
    public void What_makes_no_sense_is_refused(string said, params string[] words)
    {
        var refused = Assert.ThrowsAny<LumosException>(() => LoginOptions.Parse(words));
        Assert.Contains(said, refused.Message);
        Assert.Equal(2, refused.ExitStatus);
    }

    [Fact]
    public void Finds_users_and_their_groups()
    {
        var ann = ZoneUser.Parse(Passwd, Group, "ann")!;
        Assert.Equal((1000, 1000, "/home/ann", "/bin/sh"), (ann.Uid, ann.Gid, ann.Home, ann.Shell));
        Assert.Equal([27], ann.OtherGids);
        Assert.Null(ZoneUser.Parse(Passwd, Group, "nobody"));
    }

    [Theory]
    [InlineData("evil")]
    [InlineData("evil2")]
    public void Ids_beyond_the_zones_range_are_not_taken(string name) => Assert.Null(ZoneUser.Parse(Passwd, Group, name));

    [Fact]
    public void Words_are_joined_for_the_users_shell()
    {
        var root = ZoneUser.Parse(Passwd, Group, "root")!;
        var command = LoginCommand.Of(root, ["echo", "a  b", "|", "wc"], "xterm", terminal: false, homeExists: true);
        Assert.Equal(["/bin/bash", "-c", "echo a  b | wc"], command.Argv);
        Assert.Equal("/root", command.WorkingDirectory);
        Assert.Equal("root", command.Environment["USER"]);
        Assert.Equal("xterm", command.Environment["TERM"]);
        Assert.Equal(["/bin/bash", "-l"], LoginCommand.Of(root, [], null, true, false).Argv);
        Assert.Equal("/", LoginCommand.Of(root, [], null, true, false).WorkingDirectory);
    }

    [Theory]
    [InlineData("ls\r", "ls\r", false)]
    [InlineData("~.", "", true)]
    [InlineData("ls\r~.x", "ls\r", true)]
    [InlineData("a~.", "a~.", false)]
    [InlineData("~~.", "~.", false)]
    [InlineData("~x", "~x", false)]
    [InlineData("\n~\r~.", "\n~\r", true)]
    public void Escape(string typed, string passed, bool leaves)
    {
        // However the bytes are cut up, the outcome is the same.
        var whole = new EscapeScanner((byte)'~');
        var (bytes, left) = whole.Scan(System.Text.Encoding.ASCII.GetBytes(typed));
        Assert.Equal((passed, leaves), (System.Text.Encoding.ASCII.GetString(bytes), left));

        var split = new EscapeScanner((byte)'~');
        var all = new List<byte>();
        bool ended = false;
        foreach (char c in typed)
        {
            if (!ended)
            {
                (bytes, ended) = split.Scan([(byte)c]);
                all.AddRange(bytes);
            }
        }
        Assert.Equal((passed, leaves), (System.Text.Encoding.ASCII.GetString([.. all]), ended));
    }
}
