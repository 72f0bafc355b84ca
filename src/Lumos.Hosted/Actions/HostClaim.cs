using Lumos.Core;
using Lumos.Hosted.Model;

namespace Lumos.Hosted.Actions;

/// <summary>
/// Whose a name is while it is in use: /run/lumos/hosts/NAME/prefix. Links, cgroups and tables go by the name alone, so two prefixes
/// that bear the same (one was down when the other chose) must not be up together.
/// </summary>
internal static class HostClaim
{
    /// <summary>The prefix that uses the name now; null: nobody.</summary>
    internal static string? Owner(HostedPaths paths)
    {
        try
        {
            return File.ReadAllText(paths.OwnerFile).TrimEnd('\n');
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    internal static bool IsOurs(HostedPaths paths) => Owner(paths) == paths.Prefix;

    /// <summary>Takes the name, or has it already; false: another has.</summary>
    internal static bool Take(HostedPaths paths)
    {
        Directory.CreateDirectory(paths.Run);
        try
        {
            using var file = new FileStream(paths.OwnerFile, FileMode.CreateNew, FileAccess.Write);
            file.Write(System.Text.Encoding.UTF8.GetBytes(paths.Prefix + "\n"));
            return true;
        }
        catch (IOException) when (File.Exists(paths.OwnerFile))
        {
            return IsOurs(paths);
        }
    }

    /// <exception cref="LumosException">HostedNameInUse.</exception>
    internal static void Require(HostedPaths paths)
    {
        if (!Take(paths))
        {
            throw new LumosException("HostedNameInUse",
                $"the hosted global zone at {Owner(paths)} is up and bears the name {paths.Name} too; bring it down, or give this one "
                + $"another name, bridge and subnet in {HostedPaths.ConfigFileOf(paths.Prefix)}");
        }
    }
}
