namespace Lumos.Zones.Cores;

/// <summary>Where the kernel sends the cores of processes that crash: to our handler, which knows zones.</summary>
public static class CorePattern
{
    public const string File = "/proc/sys/kernel/core_pattern";

    /// <summary>
    /// The handler and its words: the process as the global zone numbers it, the signal, the time. The kernel starts it with the
    /// namespaces of the global zone whichever zone the process is in; the word after the bar may be no link, hence the program's own path.
    /// </summary>
    public const string Handler = "|/usr/lib/lumos/lumos core-dump %P %s %t";

    public const string LimitFile = "/proc/sys/kernel/core_pipe_limit";

    /// <summary>
    /// Handlers at a time, for all zones; the core of a process that crashes when so many are at work is dropped. It also makes the kernel
    /// keep the process until the handler is done, which finds its zone by it; without a limit it does neither (core(5)).
    /// </summary>
    public const int Limit = 8;

    /// <summary>Where cores go, in the terms of coreadm: %z the zone, %f the program, %p the process.</summary>
    public const string GlobalZone = "/zones/global/cores/core.%f.%p";

    public const string Zones = "ZONEPATH/cores/core.%f.%p";
}
