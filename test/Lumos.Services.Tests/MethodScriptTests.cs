using Lumos.Drivers.Tools;
using Xunit;

namespace Lumos.Services.Tests;

/// <summary>Methods of a native zone on a host whose /usr lacks what the live image's has.</summary>
public sealed class MethodScriptTests : IDisposable
{
    private const int TempDisable = 101;

    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-method-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Without_sshd_ssh_is_off_until_the_next_boot_and_says_why()
    {
        var ended = Run("ssh", ("/usr/sbin/sshd", Path.Combine(_folder, "sshd")));
        Assert.Equal(TempDisable, ended.Status);
        Assert.Contains("no sshd", ended.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_syslogd_the_log_is_off_until_the_next_boot_and_says_why()
    {
        Busybox("echo 'syslogd: applet not found' >&2; exit 127");
        var ended = Run("system-log");
        Assert.Equal(TempDisable, ended.Status);
        Assert.Contains("no syslogd", ended.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "syslogd -O /var/log/messages")]
    [InlineData("        -s SIZE         Max size", "syslogd -O /var/log/messages -s 5120 -b 4")]
    public void Syslogd_rotates_where_it_can(string option, string expected)
    {
        Busybox($"""
            if [ "$2" = --help ]; then echo 'Usage: syslogd [OPTIONS]'; echo '{option}'; exit 0; fi
            echo "$*" >>{_folder}/ran
            """);
        var ended = Run("system-log", ("mkdir -p /var/log", ":"));
        Assert.Equal(0, ended.Status);
        Assert.Equal([expected], File.ReadAllLines(Path.Combine(_folder, "ran")));
        Assert.Equal(option.Length == 0, ended.Output.Contains("does not rotate", StringComparison.Ordinal));
    }

    private void Busybox(string script)
    {
        string file = Path.Combine(_folder, "busybox");
        File.WriteAllText(file, "#!/bin/sh\n" + script + "\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    private ToolResult Run(string method, params (string From, string To)[] changes)
    {
        string smf = Path.Combine(Repository.Root, "smf");
        string script = File.ReadAllText(Path.Combine(smf, "method", method)).Replace("/lib/svc/share/", smf + "/share/", StringComparison.Ordinal);
        foreach (var (from, to) in changes)
        {
            Assert.Contains(from, script, StringComparison.Ordinal);
            script = script.Replace(from, to, StringComparison.Ordinal);
        }
        return Tool.Run(["sh", "-c", script], null, new Dictionary<string, string> { ["PATH"] = $"{_folder}:/usr/bin:/bin", ["SMF_ZONENAME"] = "z" });
    }
}
