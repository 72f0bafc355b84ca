using Lumos.Cli;
using Lumos.Core;

namespace Lumos.Services.Power;

/// <summary>
/// reboot, poweroff, halt, shutdown, init: how people ask PID 1 (lumos-init) to end the machine, or the zone they are in. The
/// request is a signal; the orderly part is PID 1's.
/// </summary>
public static class PowerApplets
{
    public static IEnumerable<Applet> All() =>
    [
        new("reboot", "restart the machine or this zone", c => Simple(c, PowerState.Reboot, new LumosInit())),
        new("poweroff", "stop and switch off the machine, or halt this zone", c => Simple(c, PowerState.PowerOff, new LumosInit())),
        new("halt", "stop the machine or this zone", c => Simple(c, PowerState.Halt, new LumosInit())),
        new("shutdown", "end the machine or this zone after a while, with a warning", c => ShutdownCommand.Run(c, new LumosInit())),
        new("init", "change the run level: 0 halt, 5 power off, 6 reboot", c => Init(c, new LumosInit())),
    ];

    /// <summary>Run levels that end the machine; null: another one.</summary>
    internal static PowerState? StateOf(string level) => level switch
    {
        "0" => PowerState.Halt,
        "5" => PowerState.PowerOff,
        "6" => PowerState.Reboot,
        _ => null,
    };

    internal static UsageException NotALevel(string level) => level is "s" or "S" or "1"
        ? new UsageException("the single-user mode is a milestone here: svcadm milestone svc:/milestone/single-user:default")
        : new UsageException($"\"{level}\" is no run level; there are 0 (halt), 5 (power off) and 6 (reboot)");

    internal static int Simple(AppletContext context, PowerState state, IPid1 pid1)
    {
        // -l (write no log record), -y (from any terminal) and -p (reset through the firmware) say what is so anyway.
        var args = new ArgParser().Flag('l').Flag('n').Flag('p').Flag('q').Flag('y').Parse(context.Args).Expect(0, 0);
        if (args.Has('q') || args.Has('n'))
        {
            pid1.EndAtOnce(state, sync: !args.Has('n'));
        }
        else
        {
            pid1.Request(state);
        }
        return ExitStatus.Success;
    }

    internal static int Init(AppletContext context, IPid1 pid1)
    {
        string level = new ArgParser().Parse(context.Args).Expect(1, 1, "run level").Operands[0];
        pid1.Request(StateOf(level) ?? throw NotALevel(level));
        return ExitStatus.Success;
    }
}
