using Xunit;

namespace Lumos.SystemTests;

/// <summary>zonecfg, zoneadm and the views of zones, beside vmadm.</summary>
[Collection("03 zones")]
public sealed class ZoneToolTests(Suite suite) : LiveTest(suite)
{
    [Fact]
    public void Bash_completes_vmadm()
    {
        string native = Suite.NativeZone.ToString(); // which is there from now on
        // As a login has it: nothing is sourced by the test.
        string offered = Ok(Zone.Shell("""bash -lic 'COMP_WORDS=(vmadm get ""); COMP_CWORD=2; _vmadm; printf "%s\n" "${COMPREPLY[@]}"; complete -p vmadm imgadm' 2>/dev/null"""));
        Assert.Contains(native, offered);
        Assert.Contains("complete -F _vmadm vmadm", offered);
        Assert.Contains("complete -F _imgadm imgadm", offered);
    }

    [Fact]
    public void A_zone_of_zonecfg_and_zoneadm_is_a_VM_like_any_other()
    {
        _ = Suite.NativeZone; // whose image is there then
        const string name = "5b0f7f0e-7b3d-4b0e-9c55-2f9b8f0f6a01";
        try
        {
            Ok(Zone.Run("zonecfg", "-z", name,
                $"create -t SUNWjoyent-minimal; set zonepath=/zones/{name}; set uuid={name}; add capped-memory; set physical=128m; end; set max-lwps=500"));
            Ok(Zone.Run("zoneadm", "-z", name, "verify"));
            Ok(Zone.Run("zoneadm", "-z", name, "install", "-t", Suite.ImageUuid("lumos-base").ToString()));
            Assert.Equal("stopped", Ok(Zone.Run("vmadm", "list", "-H", "-p", "-o", "state", $"uuid={name}")));
            AssertConsistent();
            Ok(Zone.Run("zoneadm", "-z", name, "ready"));
            Assert.Equal("ready", Ok(Zone.Shell($"zoneadm -z {name} list -p | cut -d: -f3")));
            Ok(Zone.Run("zoneadm", "-z", name, "boot"));
            Assert.Equal(name, Ok(Zone.Run("zlogin", name, "zonename")));
            Assert.Equal("128", Ok(Zone.Run("vmadm", "list", "-H", "-p", "-o", "ram", $"uuid={name}")));
            Ok(Zone.Run("vmadm", "stop", "-F", name));
            string exported = Ok(Zone.Run("zonecfg", "-z", name, "export"));
            Ok(Zone.Run("zoneadm", "-z", name, "uninstall", "-F"));
            Ok(Zone.Run("zonecfg", "-z", name, "delete", "-F"));
            Ok(Zone.RunWith(exported + "\n", "zonecfg", "-z", name, "-f", "-"));
            Assert.Equal(exported, Ok(Zone.Run("zonecfg", "-z", name, "export")));
        }
        finally
        {
            Zone.Shell($"zoneadm -z {name} halt; zoneadm -z {name} uninstall -F; zonecfg -z {name} delete -F");
        }
        AssertConsistent();
    }

    [Fact]
    public void Views_show_each_zone()
    {
        string zone = Suite.NativeZone.ToString();
        Assert.Contains(zone, Ok(Zone.Run("zonememstat")));
        Assert.Matches($"(?m)^{zone}:[0-9]+:[0-9]+$", Ok(Zone.Run("zonestat", "-p", "-o", "zone,tasks,rss")));
        Assert.Contains("svc.startd", Ok(Zone.Run("zps", "-z", zone)));
    }

    [Fact]
    public void A_process_that_crashes_in_a_zone_leaves_its_core_beside_the_zone()
    {
        var zone = Suite.NativeZone;
        Assert.Contains("core-dump", Ok(Zone.Shell("cat /proc/sys/kernel/core_pattern")));
        Assert.Equal("8", Ok(Zone.Shell("cat /proc/sys/kernel/core_pipe_limit")));
        Zone.Zlogin(zone, "sh", "-c", "kill -SEGV $$");
        Zone.WaitFor("the core", Suite.Patient(10), () => Zone.Shell($"ls -s /zones/{zone}/cores/core.*").Status == 0);
        Ok(Zone.Shell($"rm /zones/{zone}/cores/core.*"));
    }
}
