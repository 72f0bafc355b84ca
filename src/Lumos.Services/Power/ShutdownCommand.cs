using Lumos.Cli;
using Lumos.Core;

namespace Lumos.Services.Power;

/// <summary><c>shutdown [-y] [-g seconds] -i 0|5|6 [message]</c>: warns everyone, waits, asks PID 1. Interrupting it calls it off.</summary>
internal static class ShutdownCommand
{
    private const int DefaultGrace = 60;

    /// <summary>How many seconds before the end the warning is repeated.</summary>
    private static readonly int[] Reminders = [7200, 3600, 1800, 1200, 600, 300, 120, 60, 30, 10];

    internal static int Run(AppletContext context, IPid1 pid1, Action<TimeSpan>? wait = null)
    {
        var args = new ArgParser().Flag('y').Value('g').Value('i').Parse(context.Args);
        string level = args.Get('i') ?? throw new UsageException("say what to do: -i 0 (halt), -i 5 (power off) or -i 6 (reboot)");
        var state = PowerApplets.StateOf(level) ?? throw PowerApplets.NotALevel(level);
        int grace = DefaultGrace;
        if (args.Get('g') is { } text && (!int.TryParse(text, out grace) || grace < 0))
        {
            throw new UsageException($"-g takes seconds, not \"{text}\"");
        }
        string message = string.Join(' ', args.Operands);
        string what = state switch { PowerState.Reboot => "reboots", PowerState.PowerOff => "powers off", _ => "halts" };

        Count(grace, left => pid1.Warn($"This system {what} in {left} seconds. {message}".TrimEnd()), wait ?? Thread.Sleep);
        if (!args.Has('y') && !Confirmed(context))
        {
            pid1.Warn("The shutdown was called off.");
            context.Error.WriteLine("shutdown: called off");
            return ExitStatus.Failure;
        }
        pid1.Warn($"This system {what} now. {message}".TrimEnd());
        pid1.Request(state);
        return ExitStatus.Success;
    }

    private static void Count(int grace, Action<int> warn, Action<TimeSpan> wait)
    {
        if (grace == 0)
        {
            return;
        }
        warn(grace);
        int left = grace;
        foreach (int next in Reminders.Where(r => r < grace))
        {
            wait(TimeSpan.FromSeconds(left - next));
            warn(next);
            left = next;
        }
        wait(TimeSpan.FromSeconds(left));
    }

    private static bool Confirmed(AppletContext context)
    {
        context.Error.Write("Do you want to continue? (y or n): ");
        context.Error.Flush();
        return context.In.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }
}
