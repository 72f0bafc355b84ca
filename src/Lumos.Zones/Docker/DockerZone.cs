using System.Collections.Immutable;

namespace Lumos.Zones.Docker;

/// <summary>
/// What a zone with the attr docker runs.
/// </summary>
/// <remarks>
/// Purpose: an image of docker or the OCI brings one program and no init. Such a zone's PID 1 is that program itself, as docker has it:
/// it is what the zone's end is the end of, and there is nothing between it and the signals that are sent to it. All that an init
/// would do is done from outside: addresses and routes before it starts, DHCP beside it, resolv.conf, hosts and hostname written anew
/// at each boot, its output into the zone's log by the monitor.
/// Where it is told: the keys docker:* of internal_metadata, in SmartOS's words (<see cref="DockerZoneReader"/>).
/// Its volumes lie beside its root, since a fresh root has to find them there (<see cref="DockerVolumes"/>).
/// What differs from other zones: no tmpfs over /run, and over /tmp only where tmpfs says so, since images have files there; a terminal
/// only with docker:tty; logs/stdio.log instead of logs/console.log; the stop signal; the restart policy (vmadmd).
/// </remarks>
public sealed record DockerZone
{
    /// <summary>The program and its words: docker:entrypoint, then docker:cmd.</summary>
    public ImmutableArray<string> Argv { get; init; } = [];

    /// <summary>NAME=VALUE, in their order: docker:linkEnv, docker:env.</summary>
    public ImmutableArray<string> Env { get; init; } = [];

    /// <summary>Absolute; made where it is missing.</summary>
    public string WorkingDirectory { get; init; } = "/";

    /// <summary>NAME or number[:GROUP or number]; empty: root.</summary>
    public string User { get; init; } = "";

    /// <summary>It has a terminal.</summary>
    public bool Tty { get; init; }

    /// <summary>Its standard input is there to be written to; else it is at its end.</summary>
    public bool OpenStdin { get; init; }

    /// <summary>Its standard input is that of the first who joins it, and ends with his; of no meaning to a terminal.</summary>
    public bool InputIsTheFirstOnes { get; init; }

    /// <summary>What it is asked to stop with.</summary>
    public int StopSignal { get; init; } = Linux.Signals.Signal.TERM;

    public DockerLogDriver LogDriver { get; init; } = DockerLogDriver.JsonFile;

    public DockerRestart Restart { get; init; } = DockerRestart.No;

    /// <summary>ADDRESS and NAME of lines for /etc/hosts: docker:extraHosts.</summary>
    public ImmutableArray<(string Address, string Name)> ExtraHosts { get; init; } = [];

    /// <summary>Further lines for it: docker:linkHosts.</summary>
    public string LinkHosts { get; init; } = "";

    /// <summary>Domains for resolv.conf, before dns_domain: docker:dnssearch.</summary>
    public ImmutableArray<string> DnsSearch { get; init; } = [];

    /// <summary>Paths of data that outlives the root (<see cref="DockerVolumes"/>), each once: docker:volumes.</summary>
    public ImmutableArray<string> Volumes { get; init; } = [];

    /// <summary>Who runs it, once the zone's own files have been asked.</summary>
    public DockerUser Process { get; init; } = DockerUser.Root;

    /// <summary>SmartOS's zlog_mode: a log out here, a terminal, a log in the zone.</summary>
    public string LogMode => $"{(LogDriver == DockerLogDriver.None ? '-' : 'g')}{(Tty ? 't' : '-')}-";
}

/// <summary>What becomes of what it prints (docker:logdriver).</summary>
public enum DockerLogDriver
{
    /// <summary>logs/stdio.log.</summary>
    JsonFile,

    /// <summary>Nothing.</summary>
    None,
}

/// <summary>Ids in the zone.</summary>
public sealed record DockerUser(int Uid, int Gid, ImmutableArray<int> OtherGids, string Home)
{
    public static DockerUser Root { get; } = new(0, 0, [], "/root");
}

/// <summary>docker:restartpolicy: whether a zone whose program has ended is booted again.</summary>
/// <param name="Always">Whatever its status; else only when it is not 0.</param>
/// <param name="Most">How often since somebody booted the zone; 0: as often as it takes.</param>
public sealed record DockerRestart(bool Always, int Most)
{
    /// <summary>Never.</summary>
    public static DockerRestart No { get; } = new(false, -1);

    public bool IsNo => Most < 0;

    /// <summary>no, always, unless-stopped, on-failure, on-failure:N; null: none of these.</summary>
    public static DockerRestart? Parse(string text) => text.Split(':') switch
    {
        ["" or "no"] => No,
        ["always" or "unless-stopped"] => new DockerRestart(true, 0), // a stop clears autoboot, after which nothing is restarted
        ["on-failure"] => new DockerRestart(false, 0),
        ["on-failure", var most] when int.TryParse(most, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int number)
            => new DockerRestart(false, number),
        _ => null,
    };
}
