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

    /// <summary>Where cores go, in the terms of coreadm: %z the zone, %f the program, %p the process.</summary>
    public const string GlobalZone = "/zones/global/cores/core.%f.%p";

    public const string Zones = "ZONEPATH/cores/core.%f.%p";
}
