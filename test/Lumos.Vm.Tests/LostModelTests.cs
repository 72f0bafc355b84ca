using Lumos.Cli;
using Lumos.Vm.Info;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>vminfod dies without a last word while VMs change: nothing is lost with its model, and the next one has all of it.</summary>
public sealed class LostModelTests : IDisposable
{
    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public async Task The_next_vminfod_has_what_is_on_disk()
    {
        string changed = _machine.Create(""", "alias": "a" """), byHand = _machine.Create(), ended = _machine.Create(), gone = _machine.Create();
        // Never told to stop: its socket stays where it was, and nobody answers on it. (Disposing would remove it, which a kill does not.)
        var lost = new VmInfoDaemon(_machine.NewHost(), JsonLog.None);
        File.Move(_machine.Socket, _machine.Socket + ".aside");
        lost.Dispose();
        File.Move(_machine.Socket + ".aside", _machine.Socket);
        Assert.True(File.Exists(_machine.Socket));

        _machine.Vmadm(null, "update", changed, "alias=b");
        File.WriteAllText(_machine.At($"zones/{byHand}/config/tags.json"), """{"by": "hand"}""");
        _machine.Runtime.End(ZoneName.Parse(ended), 0);
        _machine.Vmadm(null, "delete", gone);
        string made = _machine.Create(""", "alias": "made" """);
        string[] loaded = Shown(_machine.NewHost().Loader.LoadAll((name, e) => Assert.Fail($"{name}: {e}")));
        Assert.Equal("b", (string?)_machine.Get(changed)["alias"]); // by readers that load for themselves

        using var next = new RunningInfo(_machine);
        var model = await next.Daemon.Keeper.Ask(all => all.Snapshot());
        Assert.Equal(loaded, Shown(model));
        Assert.Equal(new[] { changed, byHand, ended, made }.Order(StringComparer.Ordinal), model.Select(vm => vm.Uuid).Order(StringComparer.Ordinal));
        var found = model.ToDictionary(vm => vm.Uuid, vm => vm.Object);
        Assert.Equal(("b", "hand", "made"), ((string?)found[changed]["alias"], (string?)found[byHand]["tags"]!["by"], (string?)found[made]["alias"]));
        Assert.NotEqual("running", (string?)found[ended]["zone_state"]);
    }

    private static string[] Shown(IEnumerable<VmInfo> vms) => [.. vms.OrderBy(vm => vm.Uuid, StringComparer.Ordinal).Select(vm => vm.Object.ToJsonString())];
}
