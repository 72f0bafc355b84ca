using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Lumos.Hosted.Tests.Host;

/// <summary>Who looks at a screen: as much of RFB 3.8 (RFC 6143) as it takes to be let in.</summary>
internal sealed class VncViewer : IDisposable
{
    private const byte PasswordSecurity = 2;

    private readonly TcpClient _client = new() { ReceiveTimeout = 15_000 };

    private VncViewer(IPEndPoint at) => _client.Connect(at);

    internal int Width { get; private set; }

    internal string Name { get; private set; } = "";

    /// <exception cref="UnauthorizedAccessException">The password is not the one.</exception>
    internal static VncViewer Connect(IPEndPoint at, string password)
    {
        var viewer = new VncViewer(at);
        try
        {
            viewer.LogIn(password);
            return viewer;
        }
        catch
        {
            viewer.Dispose();
            throw;
        }
    }

    /// <summary>Asks for a pixel, and is sent something.</summary>
    internal bool IsAnswered()
    {
        Send([3, 0, 0, 0, 0, 0, 0, 1, 0, 1]);
        return Receive(1)[0] == 0;
    }

    public void Dispose() => _client.Dispose();

    private void LogIn(string password)
    {
        byte[] version = Receive(12);
        Send(version);
        byte[] kinds = Receive(Receive(1)[0]);
        if (!kinds.Contains(PasswordSecurity))
        {
            throw new IOException($"no password is asked for: {string.Join(", ", kinds)}");
        }
        Send([PasswordSecurity]);
        Send(Encrypted(Receive(16), password));
        if (BinaryPrimitives.ReadUInt32BigEndian(Receive(4)) != 0)
        {
            throw new UnauthorizedAccessException("the password is wrong");
        }
        Send([1]); // others may look, too
        byte[] screen = Receive(24);
        Width = BinaryPrimitives.ReadUInt16BigEndian(screen);
        Name = Encoding.UTF8.GetString(Receive(BinaryPrimitives.ReadInt32BigEndian(screen.AsSpan(20))));
    }

    // DES with the password as key, the bits of each byte the other way round.
    private static byte[] Encrypted(byte[] challenge, string password)
    {
        byte[] key = new byte[8];
        Encoding.ASCII.GetBytes(password).CopyTo(key, 0);
        for (int i = 0; i < key.Length; i++)
        {
            key[i] = (byte)Enumerable.Range(0, 8).Sum(bit => ((key[i] >> bit) & 1) << (7 - bit));
        }
#pragma warning disable CA5351 // the protocol has no other
        using var des = DES.Create();
#pragma warning restore CA5351
        des.Key = key;
        return des.EncryptEcb(challenge, PaddingMode.None);
    }

    private void Send(byte[] bytes) => _client.GetStream().Write(bytes);

    private byte[] Receive(int count)
    {
        byte[] bytes = new byte[count];
        _client.GetStream().ReadExactly(bytes);
        return bytes;
    }
}
