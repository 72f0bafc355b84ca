using System.Net;
using Lumos.Core;
using Lumos.Imgapi.Model;
using Lumos.Images.Sources;

namespace Lumos.Imgapi;

/// <summary>How a server is to work.</summary>
/// <param name="Data">The folder of the store.</param>
public sealed record ImgapiSettings(string Data)
{
    public const int DefaultPort = 8080;

    /// <summary>Null: all addresses.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>0: any free one.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>PEM files; null: no TLS.</summary>
    public string? Certificate { get; init; }

    public string? CertificateKey { get; init; }

    public Channels Channels { get; init; } = Channels.None;

    /// <summary>The server whose images are taken when they are not here; null: none.</summary>
    public ImageSource? Mirror { get; init; }

    /// <summary>Bytes.</summary>
    public long MostFileBytes { get; init; } = 100L << 30;

    public int MostConnections { get; init; } = 1000;

    /// <summary>Uploads at the same time.</summary>
    public int MostUploads { get; init; } = 16;

    /// <summary>How long what is under way may take when the server is told to stop.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Reads ADDRESS:PORT, [ADDRESS]:PORT, *:PORT, :PORT or PORT.</summary>
    /// <exception cref="LumosException">InvalidAddress.</exception>
    public static (IPAddress? Address, int Port) ParseListen(string text)
    {
        int colon = text.LastIndexOf(':');
        string host = colon < 0 ? "" : text[..colon], port = text[(colon + 1)..];
        IPAddress? address = null;
        bool good = ushort.TryParse(port, System.Globalization.NumberStyles.None, null, out ushort number)
            && (host is "" or "*" || (host.Contains(':') == host.StartsWith('[') && IPAddress.TryParse(host.Trim('[', ']'), out address)));
        return good ? (address, number) : throw new LumosException("InvalidAddress", $"\"{text}\" is not ADDRESS:PORT, such as 127.0.0.1:8080, [::1]:8080 or *:8080", 2);
    }
}
