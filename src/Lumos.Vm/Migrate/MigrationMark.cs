using Lumos.Core;
using Lumos.Vm.Host;
using Lumos.Zones;
using Lumos.Zones.Config;

namespace Lumos.Vm.Migrate;

/// <summary>How far a migration has come that stopped the VM here.</summary>
public enum MigrationPhase
{
    /// <summary>It stands still for the last delta. Nothing there can start by itself: whoever finds this starts the VM here again.</summary>
    Stopped,

    /// <summary>The target was or is about to be told to start it: only the target knows where the VM is.</summary>
    Switching,

    /// <summary>It is at the target; what is here is kept until --finish.</summary>
    Moved,
}

/// <summary>The attr <see cref="Name"/> of a VM that is on its way from here to another machine.</summary>
/// <param name="Phase">How far it came.</param>
/// <param name="Target">The other machine, as the user named it.</param>
/// <param name="Runs">It ran when it was stopped.</param>
/// <param name="Autoboot">Its flag then.</param>
public sealed record MigrationMark(MigrationPhase Phase, string Target, bool Runs, bool Autoboot)
{
    public const string Name = "migration";

    /// <summary>Null: it is not on its way.</summary>
    public static MigrationMark? Of(ZoneConfig? config) => config?.Attr(Name)?.Split(' ') switch
    {
        null => null,
        [var phase, var runs, var autoboot, var target] => new(Parse(phase), target, runs == "runs", autoboot == "autoboot"),
        // By hand, or of another version: the phase in which nothing is done without asking.
        _ => new(MigrationPhase.Switching, "", false, false),
    };

    public ZoneConfig PutOn(ZoneConfig config) => config.WithAttr(Name, ToString());

    /// <summary>A VM that may run elsewhere is not started here.</summary>
    /// <exception cref="LumosException">VmMoved.</exception>
    public static void RequireHere(ZoneConfig? config, string uuid)
    {
        if (Of(config) is { Phase: not MigrationPhase.Stopped } mark)
        {
            throw new LumosException("VmMoved", mark.Phase == MigrationPhase.Moved
                ? $"VM {uuid} was moved to {mark.Target}: \"vmadm migrate --finish {uuid}\" removes what is left of it here"
                : $"VM {uuid} is on its way to {mark.Target}, which may run it: \"vmadm migrate {uuid} {mark.Target}\" asks there and settles it");
        }
    }

    /// <summary>
    /// A VM that was stopped to be moved is booted, whoever boots it: it was not moved. Would it keep its mark, vmadmd would start it again whenever somebody stops it.
    /// </summary>
    public static void ForgetStop(VmHost host, ZoneName name)
    {
        if (host.Zones.TryLoad(name) is { } config && Of(config) is { Phase: MigrationPhase.Stopped })
        {
            host.Zones.Save(config.WithAttr(Name, null));
        }
    }

    public override string ToString() =>
        $"{Phase.ToString().ToLowerInvariant()} {(Runs ? "runs" : "rests")} {(Autoboot ? "autoboot" : "manual")} {Target}";

    private static MigrationPhase Parse(string word) => word switch
    {
        "stopped" => MigrationPhase.Stopped,
        "moved" => MigrationPhase.Moved,
        _ => MigrationPhase.Switching,
    };
}
