namespace Lumos.Services.Daemon;

/// <summary>The boot argument <c>milestone=none|single-user|multi-user|all</c> (or -s, single: single-user).</summary>
public static class BootArguments
{
    public const string SingleUser = "svc:/milestone/single-user:default";

    /// <summary>Holds a zone's boot arguments, of zoneadm boot, in the environment of its init.</summary>
    public const string ZoneVariable = "SMF_BOOTARGS";

    /// <summary>"all", "none" or a milestone's FMRI, from a file such as /proc/cmdline.</summary>
    public static string Milestone(string file) => File.Exists(file) ? ParseMilestone(File.ReadAllText(file)) : "all";

    public static string ParseMilestone(string arguments)
    {
        string milestone = "all";
        foreach (string word in arguments.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            milestone = word switch
            {
                "-s" or "single" => SingleUser,
                _ when word.StartsWith("milestone=", StringComparison.Ordinal) => word["milestone=".Length..] switch
                {
                    "all" => "all",
                    "none" => "none",
                    var name when name.StartsWith("svc:/", StringComparison.Ordinal) => name,
                    var name => $"svc:/milestone/{name[(name.LastIndexOf('/') + 1)..].Split(':')[0]}:default",
                },
                _ => milestone,
            };
        }
        return milestone;
    }
}
