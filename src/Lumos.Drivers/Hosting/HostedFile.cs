using Lumos.Core;
using Lumos.Core.Hosting;

namespace Lumos.Drivers.Hosting;

/// <summary>/usbkey/hosted.json as it is now.</summary>
public static class HostedFile
{
    /// <summary>Null: the file is not there, so this is no hosted global zone.</summary>
    /// <exception cref="LumosException">BadHostedConfig: it is there and cannot be read or understood.</exception>
    public static HostedConfig? Load(string path = HostedConfig.Path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LumosException("BadHostedConfig", $"{path} cannot be read", inner: e);
        }
        return HostedConfig.Parse(text, path);
    }
}
