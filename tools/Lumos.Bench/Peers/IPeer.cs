using Lumos.Bench.Sandboxing;

namespace Lumos.Bench.Peers;

/// <summary>
/// Something that runs zones: what a user of it would type, and no more. A zone is a clone of <see cref="Arena.Base"/> with
/// a NIC on a bridge, and its init is bench-init.
/// </summary>
internal interface IPeer : IDisposable
{
    string Name { get; }

    /// <summary>Debian packages it comes from.</summary>
    IReadOnlyList<string> Packages { get; }

    /// <summary>What a reader has to know to compare it fairly.</summary>
    string Note { get; }

    /// <summary>Measures it cannot be measured by, and why.</summary>
    IReadOnlyDictionary<string, string> NotOffered { get; }

    /// <summary>A command that only starts and ends.</summary>
    IReadOnlyList<string> CliStart { get; }

    /// <summary>Sets up private state, starts daemons, imports the image.</summary>
    /// <returns>Its version.</returns>
    string Prepare(Arena arena);

    /// <summary>Makes a zone and starts it.</summary>
    void Create(string zone);

    void Start(string zone);

    /// <summary>Returns when the zone has stopped.</summary>
    void Stop(string zone, bool force);

    /// <summary>Deletes a stopped zone and its snapshots.</summary>
    void Delete(string zone);

    /// <summary>Runs a program in a running zone.</summary>
    /// <returns>What it printed.</returns>
    string Exec(string zone, params IReadOnlyList<string> words);

    void Snapshot(string zone, string snapshot);

    /// <summary>Makes a zone from a snapshot and starts it.</summary>
    void Clone(string zone, string snapshot, string clone);

    void List();

    void Get(string zone);

    /// <summary>Where the root of a zone that has been started is seen from outside.</summary>
    string Root(string zone);

    /// <summary>Sees to it that a running zone has an IPv4 address, and says which.</summary>
    string Address(string zone);
}
