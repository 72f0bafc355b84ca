namespace Lumos.Vm.Migrate;

/// <summary>How a vmadm on another machine ended.</summary>
/// <param name="Status">Its exit status; null: there was no contact, or it was lost, so nobody here knows.</param>
/// <param name="Output">What it printed.</param>
/// <param name="Error">What it, or whoever was to reach it, complained of.</param>
public sealed record TargetResult(int? Status, string Output, string Error)
{
    public bool Succeeded => Status == 0;
}

/// <summary>The machine a VM goes to, by its vmadm.</summary>
public interface IMigrationTarget
{
    /// <summary>As the user named it.</summary>
    string Name { get; }

    /// <summary>Runs vmadm there and waits for its end.</summary>
    /// <param name="words">Its words; of characters that no shell takes for its own.</param>
    /// <param name="feed">Writes its standard input; null: there is none.</param>
    TargetResult Run(IReadOnlyList<string> words, Action<Stream>? feed = null);
}
