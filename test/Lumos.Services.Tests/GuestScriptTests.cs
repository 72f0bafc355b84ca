using Lumos.Drivers.Tools;
using Xunit;

namespace Lumos.Services.Tests;

/// <summary>What a zone does with its metadata at boot, in a folder that stands for its root, with an mdata-get that reads files.</summary>
public sealed class GuestScriptTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-guest-").FullName;

    public GuestScriptTests()
    {
        foreach (string folder in (string[])["bin", "md", "root", "var/svc"])
        {
            Directory.CreateDirectory(At(folder));
        }
        Program("bin/mdata-get", $"[ -f '{At("md")}/'$1 ] || exit 1\ncat '{At("md")}/'$1");
        Set("sdc:brand", "joyent");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_first_boot_runs_the_operators_script_then_the_users_and_then_tells_that_it_is_over()
    {
        File.WriteAllText(At("var/svc/provisioning"), "");
        Set("sdc:operator-script", $"#!/bin/sh\necho op >> {At("ran")}; test -f {At("var/svc/provisioning")} && exit 3\n");
        Set("user-script", $"#!/bin/sh\necho user $(cat {At("var/db/mdata-user-data")}) >> {At("ran")}; test -f {At("var/svc/provisioning")}\necho said\n");
        Set("user-data", "data\n");
        Assert.Equal(0, Run("mdata-fetch").Status);
        Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(At("var/svc/mdata-user-script")));
        Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(At("var/db/mdata-user-data")));
        var first = Run("mdata-execute");
        Assert.Equal(0, first.Status);
        Assert.Contains("said", first.Output, StringComparison.Ordinal);
        Assert.Equal(["op", "user data"], File.ReadAllLines(At("ran")));
        Assert.False(File.Exists(At("var/svc/provisioning")));
        Assert.True(File.Exists(At("var/svc/provision_success")));

        // Later boots: both again, in the words that the metadata has now.
        Set("user-script", $"#!/bin/sh\necho again >> {At("ran")}\n");
        Assert.Equal(0, Run("mdata-fetch").Status);
        Assert.Equal(0, Run("mdata-execute").Status);
        Assert.Equal(["op", "user data", "op", "again"], File.ReadAllLines(At("ran")));

        // And what is gone from the metadata is gone.
        File.Delete(At("md/sdc:operator-script"));
        File.Delete(At("md/user-script"));
        File.Delete(At("md/user-data"));
        Assert.Equal(0, Run("mdata-fetch").Status);
        Assert.Equal(0, Run("mdata-execute").Status);
        Assert.False(File.Exists(At("var/db/mdata-user-data")));
        Assert.Equal(4, File.ReadAllLines(At("ran")).Length);
    }

    [Fact]
    public void A_users_script_that_fails_is_the_end_of_a_first_boot_and_puts_later_ones_into_maintenance()
    {
        File.WriteAllText(At("var/svc/provisioning"), "");
        Set("user-script", "#!/bin/sh\nexit 5\n");
        Assert.Equal(0, Run("mdata-fetch").Status);
        Assert.Equal(95, Run("mdata-execute").Status);
        Assert.True(File.Exists(At("var/svc/provision_failure")));
        Assert.False(File.Exists(At("var/svc/provisioning")));
        Assert.Equal(95, Run("mdata-execute").Status);
    }

    [Fact]
    public void The_time_of_the_first_boot_limits_it_and_later_ones_have_all_they_want()
    {
        File.WriteAllText(At("var/svc/provisioning"), "");
        Set("sdc:mdata_exec_timeout", "1");
        Set("user-script", "#!/bin/sh\nsleep 2\n");
        Assert.Equal(0, Run("mdata-fetch").Status);
        var ended = Run("mdata-execute");
        Assert.Equal(95, ended.Status);
        Assert.Contains("it had mdata_exec_timeout, 1 seconds", ended.ErrorOutput, StringComparison.Ordinal);
        Assert.True(File.Exists(At("var/svc/provision_failure")));
        Assert.Equal(0, Run("mdata-execute").Status);
    }

    [Fact]
    public void Roots_keys_follow_the_metadata_and_leave_the_others_alone()
    {
        Set("root_authorized_keys", "ssh-ed25519 AAAA one\nssh-ed25519 BBBB two");
        Assert.Equal(0, Run("mdata-fetch").Status);
        Assert.Equal(["ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two"], Keys());
        Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(At("root/.ssh/authorized_keys")));
        Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(At("root/.ssh")));

        File.AppendAllText(At("root/.ssh/authorized_keys"), "ssh-ed25519 CCCC mine\n");
        Set("root_authorized_keys", "ssh-ed25519 BBBB two\n");
        Assert.Equal(0, Run("mdata-fetch").Status);
        Assert.Equal(["ssh-ed25519 CCCC mine", "ssh-ed25519 BBBB two"], Keys());

        File.Delete(At("md/root_authorized_keys"));
        Assert.Equal(0, Run("mdata-fetch").Status);
        Assert.Equal(["ssh-ed25519 CCCC mine"], Keys());
    }

    [Fact]
    public void A_minimal_zone_saves_and_runs_nothing()
    {
        File.WriteAllText(At("var/svc/provisioning"), "");
        Set("sdc:brand", "joyent-minimal");
        Set("user-script", "#!/bin/sh\nexit 5\n");
        Set("root_authorized_keys", "k\n");
        Assert.Equal(0, Run("mdata-fetch").Status);
        Assert.Equal(0, Run("mdata-execute").Status);
        Assert.True(File.Exists(At("var/svc/provision_success")));
        Assert.False(Directory.Exists(At("root/.ssh")));
    }

    [Fact]
    public void What_cannot_be_read_fails_rather_than_counting_as_nothing()
    {
        Set("user-script", "#!/bin/sh\n");
        Assert.Equal(0, Run("mdata-fetch").Status);
        Program("bin/mdata-get", "exit 2");
        Assert.Equal(1, Run("mdata-fetch").Status);
        Assert.True(File.Exists(At("var/svc/mdata-user-script")));
    }

    private string At(string path) => Path.Combine(_folder, path);

    private string[] Keys() => File.ReadAllLines(At("root/.ssh/authorized_keys"));

    private void Set(string key, string value) => File.WriteAllText(At("md/" + key), value);

    private void Program(string path, string script)
    {
        File.WriteAllText(At(path), "#!/bin/sh\n" + script + "\n");
        File.SetUnixFileMode(At(path), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private ToolResult Run(string method)
    {
        string script = File.ReadAllText(Path.Combine(Repository.Root, "smf/method", method))
            .Replace("/var/", At("var/"), StringComparison.Ordinal).Replace("/root/", At("root/"), StringComparison.Ordinal);
        return Tool.Run(["sh", "-c", script], null, new Dictionary<string, string> { ["PATH"] = $"{At("bin")}:/usr/bin:/bin" });
    }
}
