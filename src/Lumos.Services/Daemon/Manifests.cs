using Lumos.Core;
using Lumos.Services.Repository;

namespace Lumos.Services.Daemon;

/// <summary>Reads directories of manifests. A bad one is reported and left out; the others count.</summary>
internal static class Manifests
{
    internal static void ReadDirectory(string directory, bool recursive, ServiceRepository repository, Action<string> report)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }
        var option = recursive ? SearchOption.AllDirectories : SearchOption.TopDirectoryOnly;
        foreach (string file in Directory.EnumerateFiles(directory, "*.xml", option).Order(StringComparer.Ordinal))
        {
            try
            {
                repository.AddManifest(file, File.ReadAllText(file));
            }
            catch (Exception e) when (e is LumosException or IOException or UnauthorizedAccessException)
            {
                report($"manifest left out: {LumosException.Describe(e)}");
            }
        }
    }
}
